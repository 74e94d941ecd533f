import { Outlet, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { apiPost } from "@/api/client";
import { useCommands } from "@/lib/commands";
import { markSignedOut, useSignedOut } from "@/lib/session";
import { toggleTheme } from "@/lib/theme";
import { HelpDialog } from "./help-dialog";
import { Palette } from "./palette";
import { SignIn } from "./sign-in";
import { StreamBanner } from "./stream-banner";
import { TopBar } from "./top-bar";

const signOut = () => apiPost("/api/v1/logout", {}).then(markSignedOut);

export function AppShell() {
  const navigate = useNavigate();
  const isSignedOut = useSignedOut();
  const [overlay, setOverlay] = useState<"palette" | "help" | null>(null);
  const toggle = (name: "palette" | "help") => setOverlay((open) => (open === name ? null : name));

  useCommands(
    [
      {
        id: "palette",
        title: "Open the command palette",
        group: "General",
        keys: ["mod+k"],
        run: () => toggle("palette"),
      },
      {
        id: "help",
        title: "Show keyboard shortcuts",
        group: "General",
        keys: ["?"],
        run: () => toggle("help"),
      },
      {
        id: "theme",
        title: "Switch between dark and light",
        group: "General",
        keys: ["t"],
        run: toggleTheme,
      },
      {
        id: "go-incidents",
        title: "Go to incidents",
        group: "Go",
        keys: ["g i"],
        run: () => navigate({ to: "/incidents" }),
      },
      {
        id: "go-triage",
        title: "Go to triage",
        group: "Go",
        keys: ["g t"],
        run: () => navigate({ to: "/triage" }),
      },
      {
        id: "go-search",
        title: "Go to event search",
        group: "Go",
        keys: ["g s"],
        run: () => navigate({ to: "/search" }),
      },
      {
        id: "go-rules",
        title: "Go to rules",
        group: "Go",
        keys: ["g r"],
        run: () => navigate({ to: "/rules" }),
      },
      {
        id: "go-health",
        title: "Go to health",
        group: "Go",
        keys: ["g h"],
        run: () => navigate({ to: "/health" }),
      },
      { id: "sign-out", title: "Sign out", group: "General", run: () => void signOut() },
    ],
    "shell",
  );

  return (
    <div className="flex h-full flex-col">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded focus:bg-accent focus:px-3 focus:py-2 focus:text-on-accent"
      >
        Skip to content
      </a>
      <TopBar onPalette={() => setOverlay("palette")} onHelp={() => setOverlay("help")} />
      <StreamBanner />
      <main id="main" tabIndex={-1} className="min-h-0 flex-1 outline-none">
        {isSignedOut ? <SignIn /> : <Outlet />}
      </main>
      <Palette open={overlay === "palette"} onClose={() => setOverlay(null)} />
      <HelpDialog open={overlay === "help"} onClose={() => setOverlay(null)} />
    </div>
  );
}

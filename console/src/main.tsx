import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiProblem } from "./api/client";
import { startStream } from "./api/stream";
import { startKeyboard } from "./lib/commands";
import { markSignedOut } from "./lib/session";
import { createAppRouter } from "./router";
import { TooltipProvider } from "./ui/tooltip";
import "./styles.css";

const retries_max = 2;

const onError = (error: unknown) => {
  if (error instanceof ApiProblem && error.status === 401) markSignedOut();
};

/** A refusal stays a refusal; only silence and the server's own failures are worth another try. */
const isWorthRetrying = (failures: number, error: unknown) =>
  failures < retries_max && error instanceof ApiProblem && (error.status === 0 || error.status >= 500);

const client = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  // The live stream says what changed; refetching on focus would make rows jump.
  defaultOptions: { queries: { staleTime: 15_000, retry: isWorthRetrying, refetchOnWindowFocus: false } },
});

startStream(client);
startKeyboard();

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <TooltipProvider delayDuration={300}>
        <RouterProvider router={createAppRouter()} />
      </TooltipProvider>
    </QueryClientProvider>
  </StrictMode>,
);

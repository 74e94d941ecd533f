import { useEffect, useRef } from "react";
import { keyName, matchKey, sequence_ms } from "./keys";
import { createStore } from "./store";

/** Something the user can do here and now: by key, from the palette, and listed under `?`. */
export interface Command {
  id: string;
  title: string;
  group: string;
  keys?: string[];
  run: () => void;
}

/** Where two want the same key, what lies on top wins it. */
const ranks = { shell: 0, page: 1, panel: 2 };

let layers: { commands: Command[]; rank: number }[] = [];
const store = createStore<Command[]>([]);

const publish = () => store.set(layers.flatMap((layer) => layer.commands));

/** All commands of what is on the screen. */
export const useCommandList = () => store.use((commands) => commands);

/** Offers `commands` while the component is mounted. */
export function useCommands(commands: Command[], place: keyof typeof ranks = "page") {
  const latest = useRef(commands);
  useEffect(() => {
    latest.current = commands;
  });
  const shape = commands.map((command) => `${command.id}\n${command.title}`).join("\n\n");
  // Registered anew only when the set of commands changes, not with each new closure.
  useEffect(() => {
    if (shape === "") return;
    const find = (id: string) => latest.current.find((command) => command.id === id);
    const layer = {
      rank: ranks[place],
      commands: latest.current.map((command) => ({ ...command, run: () => find(command.id)?.run() })),
    };
    layers = [...layers, layer].sort((a, b) => a.rank - b.rank);
    publish();
    return () => {
      layers = layers.filter((other) => other !== layer);
      publish();
    };
  }, [shape, place]);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  // A row that is ticked keeps the focus in its box: nothing is written there.
  if (target.matches("input[type=checkbox]") && target.closest("form") === null) return false;
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

/** Inside a dialog or menu its own keys hold; only what carries a modifier still reaches the page. */
function isOverlaid(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("[role=dialog], [role=menu]") !== null;
}

/** A focused button or link answers Enter and the space bar itself. */
function isOwnKey(target: EventTarget | null, name: string): boolean {
  const activates = name === "enter" || name === " ";
  return activates && target instanceof HTMLElement && target.closest("button, a, summary") !== null;
}

export function startKeyboard() {
  let prefix = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener("keydown", (event) => {
    const name = keyName(event);
    if (event.defaultPrevented || event.isComposing) return;
    const needsModifier = isTyping(event.target) || isOverlaid(event.target);
    if (needsModifier && !name.startsWith("mod+")) return;
    if (isOwnKey(event.target, name)) return;
    const match = matchKey(
      store.get().flatMap((command) => command.keys ?? []),
      prefix,
      name,
    );
    prefix = match.prefix;
    clearTimeout(timer);
    timer = setTimeout(() => {
      prefix = "";
    }, sequence_ms);
    const hit = match.hit;
    if (hit === null) return;
    event.preventDefault();
    store
      .get()
      .findLast((command) => command.keys?.includes(hit))
      ?.run();
  });
}

import { Code } from "@/ui/empty";

const examples: { query: string; meaning: string }[] = [
  { query: "events | take 50", meaning: "the newest events of every mart" },
  { query: 'linux | where user == "root" | take 100', meaning: "what root did on Linux" },
  { query: 'linux | where code == "LL03" | count', meaning: "how many logins failed" },
  { query: 'windows | where message contains "powershell" | take 50', meaning: "a word in Windows events" },
  { query: 'events | where src_ip == "203.0.113.9" | take 100', meaning: "everything from one address" },
  { query: 'event("raw.0.0")', meaning: "one event by its id, raw line included" },
];

export function SearchIntro({ onRun }: { onRun: (query: string) => void }) {
  return (
    <div className="mx-auto w-full max-w-3xl p-8">
      <h2 className="mb-1 text-base font-semibold">Ask the marts</h2>
      <p className="mb-4 text-dim">
        A mart, then steps: <Code>where</Code> with <Code>==</Code> <Code>contains</Code> <Code>has</Code>{" "}
        <Code>in</Code> <Code>and</Code> <Code>or</Code> <Code>not</Code>, then <Code>take</Code> or{" "}
        <Code>count</Code>. Try one:
      </p>
      <ul className="overflow-hidden rounded-lg border border-line bg-surface">
        {examples.map(({ query, meaning }) => (
          <li key={query} className="border-b border-line last:border-0">
            <button
              type="button"
              onClick={() => onRun(query)}
              className="flex min-h-10 w-full items-center justify-between gap-6 px-4 py-2 text-left hover:bg-hover"
            >
              <code className="font-mono text-xs">{query}</code>
              <span className="shrink-0 text-xs text-dim">{meaning}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

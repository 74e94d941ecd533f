import { Code } from "@/ui/empty";

const examples: { query: string; meaning: string }[] = [
  { query: "failed logins from 203.0.113.9 yesterday", meaning: "in plain words" },
  { query: "top 10 users by sudo last week", meaning: "in plain words, counted" },
  { query: "user:root -src_ip:10.0.0.0/8", meaning: "field:value, in short" },
  { query: 'linux | where user == "root" | take 100', meaning: "KQL: what root did on Linux" },
  {
    query: 'events | where code == "LL03" | summarize failed = count() by bin(time, 1h) | render timechart',
    meaning: "failed logins by the hour, drawn",
  },
  {
    query: 'events | sequence by user maxspan=1h [code == "LL03"] [code == "LL01"]',
    meaning: "a failed login, then one that worked",
  },
  { query: "SELECT host, count(*) FROM windows GROUP BY host ORDER BY 2 DESC", meaning: "SQL, to read" },
  { query: 'event("raw.0.0")', meaning: "one event by its id, raw line included" },
];

export function SearchIntro({ onRun }: { onRun: (query: string) => void }) {
  return (
    <div className="mx-auto w-full max-w-3xl p-8">
      <h2 className="mb-1 text-base font-semibold">Ask the marts</h2>
      <p className="mb-4 text-dim">
        In plain words, in short as <Code>field:value</Code>, in KQL or in SQL: what was understood is shown
        and can be changed. Try one:
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

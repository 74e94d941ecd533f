import { Search } from "lucide-react";
import { type RefObject, useState } from "react";
import { Kbd } from "./kbd";

interface FilterTextProps {
  text: string;
  placeholder: string;
  searchBox: RefObject<HTMLInputElement | null>;
  onChange: (text: string) => void;
}

/** The address bar holds the text; while it is being edited, the field is ahead of the address bar. */
export function FilterText({ text, placeholder, searchBox, onChange }: FilterTextProps) {
  const [draft, setDraft] = useState<string | null>(null);
  return (
    <label className="relative flex w-72 items-center">
      <Search size={14} aria-hidden className="absolute left-2.5 text-faint" />
      <input
        ref={searchBox}
        type="search"
        aria-label="Filter by text"
        placeholder={placeholder}
        className="h-8 w-full rounded-md border border-line-strong bg-canvas pr-8 pl-8 text-sm placeholder:text-faint"
        value={draft ?? text}
        onFocus={() => setDraft(text)}
        onBlur={() => setDraft(null)}
        onChange={(event) => {
          setDraft(event.target.value);
          onChange(event.target.value.trim());
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
        }}
      />
      {text === "" && draft === null ? (
        <span className="absolute right-2">
          <Kbd keys="/" />
        </span>
      ) : null}
    </label>
  );
}

import { VisibleText } from "@/ui/visible-text";

export function FieldTable({ label, fields }: { label: string; fields: [string, string][] }) {
  if (fields.length === 0) return <p className="text-xs text-dim">None.</p>;
  return (
    <table aria-label={label} className="w-full table-fixed text-left font-mono text-xs">
      <tbody>
        {fields.map(([name, value], index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a source may repeat a name, and the order never changes
          <tr key={index} className="border-b border-line last:border-0">
            <th scope="row" className="w-36 py-1 pr-3 align-top font-normal break-all text-dim">
              {name}
            </th>
            <td className="py-1 wrap-anywhere whitespace-pre-wrap">
              <VisibleText text={value} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

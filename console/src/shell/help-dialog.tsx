import { type Command, useCommandList } from "@/lib/commands";
import { groupBy } from "@/lib/group-by";
import { Dialog } from "@/ui/dialog";
import { Kbd } from "@/ui/kbd";

const groups = (commands: Command[]) => [...groupBy(commands, (command) => command.group)];

export function HelpDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const commands = useCommandList().filter((command) => command.keys !== undefined);
  return (
    <Dialog
      open={open}
      onOpenChange={onClose}
      title="Keyboard shortcuts"
      description="What each key does on this page."
      className="max-w-2xl"
    >
      <div className="grid gap-x-8 gap-y-6 overflow-auto px-4 pt-2 pb-6 sm:grid-cols-2">
        {groups(commands).map(([group, members]) => (
          <section key={group} aria-label={group}>
            <h3 className="mb-1 text-xs font-semibold text-faint">{group}</h3>
            <dl>
              {members.map((command) => (
                <div key={command.id} className="flex min-h-8 items-center justify-between gap-4">
                  <dt>{command.title}</dt>
                  <dd className="flex items-center gap-2">
                    {command.keys?.map((keys) => (
                      <Kbd key={keys} keys={keys} />
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

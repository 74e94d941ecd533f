import { Link } from "@tanstack/react-router";
import { Empty } from "@/ui/empty";

export function NotFound() {
  return (
    <Empty heading="h1" title="There is no such page">
      <p>
        The address may be mistyped. Go to the{" "}
        <Link to="/incidents" className="text-accent-text underline">
          incident queue
        </Link>
        .
      </p>
    </Empty>
  );
}

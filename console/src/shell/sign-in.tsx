import { Button } from "@/ui/button";
import { Code, Empty } from "@/ui/empty";

export function SignIn() {
  return (
    <Empty heading="h1" title="You are not signed in">
      <p>
        Your session has ended or never began. Ask for a new login link: <Code>sentra login-link</Code> prints
        one while the server runs, and <Code>sentra serve</Code> prints one when it starts. A link works once.
      </p>
      <Button className="mt-4" onClick={() => location.reload()}>
        I have signed in
      </Button>
    </Empty>
  );
}

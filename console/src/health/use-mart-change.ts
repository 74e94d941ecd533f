import { useMutation, useQueryClient } from "@tanstack/react-query";

/** A change of the marts; after it all that shows them is asked anew. */
export function useMartChange(onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: () => Promise<unknown>) => change(),
    onSuccess: () => {
      for (const key of ["marts", "status"]) void client.invalidateQueries({ queryKey: [key] });
      onDone();
    },
  });
}

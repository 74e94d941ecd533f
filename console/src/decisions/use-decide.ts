import { useMutation, useQueryClient } from "@tanstack/react-query";
import { decide } from "@/api/queries";
import { createStore } from "@/lib/store";

const decider = createStore("");

/** The name of who decides: asked once, kept until the page is loaded anew. */
export const useDecider = () => decider.use((name) => name);
export const setDecider = decider.set;

/** After a decision its incident is asked anew, and the queue when it is next seen: the stream tells no status. */
export function useDecide() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: decide,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["incident"] });
      void client.invalidateQueries({ queryKey: ["incidents"] });
    },
  });
}

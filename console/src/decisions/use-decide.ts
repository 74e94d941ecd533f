import { useMutation, useQueryClient } from "@tanstack/react-query";
import { decide } from "@/api/queries";
import { createStore } from "@/lib/store";

const decider = createStore("");

/** The name of who decides: asked once, kept until the page is loaded anew. */
export const useDecider = () => decider.use((name) => name);
export const setDecider = decider.set;

/** After a decision all that it may have changed is asked anew, what is not on the screen when it is next seen. */
export function useDecide() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: decide,
    onSuccess: () => {
      for (const key of ["incident", "incidents", "candidates", "triage", "models", "suppression"]) {
        void client.invalidateQueries({ queryKey: [key] });
      }
    },
  });
}

import { useMutation, useQueryClient } from "@tanstack/react-query";
import {
  coverageQuery,
  createException,
  disableRule,
  enableRule,
  removeException,
  tuningQuery,
} from "@/api/rule-queries";
import type { Tuning } from "@/api/rule-types";

/** Every change is answered with the tuning after it; what the rules cover depends on it. */
function useChange<Input>(mutationFn: (input: Input) => Promise<Tuning>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn,
    onSuccess: (tuning) => {
      client.setQueryData(tuningQuery.queryKey, tuning);
      void client.invalidateQueries({ queryKey: coverageQuery.queryKey });
    },
  });
}

export const useDisable = () => useChange(disableRule);
export const useEnable = () => useChange(enableRule);
export const useExcept = () => useChange(createException);
export const useRemoveException = () => useChange(removeException);

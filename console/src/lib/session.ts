import { createStore } from "./store";

const signedOut = createStore(false);

/** The server answered 401: nothing on the page is worth showing until there is a session again. */
export const markSignedOut = () => signedOut.set(true);
export const useSignedOut = () => signedOut.use((value) => value);

import { createContext } from "svelte";
import type { Home } from "./home.svelte.ts";

/** What a signed-in person's page holds: `home()` in any part below Frame. */
export const [home, setHome] = createContext<Home>();

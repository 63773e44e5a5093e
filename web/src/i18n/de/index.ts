import frame from "./frame.json";
import keys from "./keys.json";
import words from "./words.json";

export default { frame, keys, words };

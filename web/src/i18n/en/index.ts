import frame from "./frame.json";
import words from "./words.json";

export default { frame, words };

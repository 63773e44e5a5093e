import frame from "./frame.json";
import inbox from "./inbox.json";
import keys from "./keys.json";
import mute from "./mute.json";
import words from "./words.json";

export default { frame, inbox, keys, mute, words };

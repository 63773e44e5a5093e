import frame from "./frame.json";
import inbox from "./inbox.json";
import keys from "./keys.json";
import kinds from "./kinds.json";
import mute from "./mute.json";
import reasons from "./reasons.json";
import words from "./words.json";

export default { frame, inbox, keys, kinds, mute, reasons, words };

import applications from "./applications.json";
import frame from "./frame.json";
import inbox from "./inbox.json";
import keys from "./keys.json";
import mute from "./mute.json";
import search from "./search.json";
import send from "./send.json";
import statistics from "./statistics.json";
import words from "./words.json";

export default { applications, frame, inbox, keys, mute, search, send, statistics, words };

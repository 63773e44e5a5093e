import applications from "./applications.json";
import devices from "./devices.json";
import frame from "./frame.json";
import inbox from "./inbox.json";
import keys from "./keys.json";
import mute from "./mute.json";
import words from "./words.json";

export default { applications, devices, frame, inbox, keys, mute, words };

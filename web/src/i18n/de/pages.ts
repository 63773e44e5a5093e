import applications from "./applications.json";
import decided from "./decided.json";
import devices from "./devices.json";
import password from "./password.json";
import ring from "./ring.json";
import search from "./search.json";
import send from "./send.json";
import settings from "./settings.json";
import signIn from "./signIn.json";
import statistics from "./statistics.json";
import welcome from "./welcome.json";

export default { applications, decided, devices, password, ring, search, send, settings, signIn, statistics, welcome };

import applications from "./applications.json";
import codes from "./codes.json";
import confirm from "./confirm.json";
import decided from "./decided.json";
import deliveries from "./deliveries.json";
import devices from "./devices.json";
import password from "./password.json";
import ring from "./ring.json";
import search from "./search.json";
import send from "./send.json";
import services from "./services.json";
import settings from "./settings.json";
import signIn from "./signIn.json";
import statistics from "./statistics.json";
import welcome from "./welcome.json";

export default {
  applications,
  codes,
  confirm,
  decided,
  deliveries,
  devices,
  password,
  ring,
  search,
  send,
  services,
  settings,
  signIn,
  statistics,
  welcome,
};

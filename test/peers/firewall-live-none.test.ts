import { describeLiveFirewall } from "./firewall-live-compliance.ts";

describeLiveFirewall("none");

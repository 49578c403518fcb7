import { describeLiveFirewall } from "./firewall-live-compliance.ts";

describeLiveFirewall("firewalld");

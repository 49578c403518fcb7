import { declareClass } from "../class-declaration.ts";
import { CIM_Service } from "./service.ts";

/** CIM_Service is abstract, so a service needs a class of its own. */
export const Rusuban_Service = declareClass({
  name: "Rusuban_Service",
  extends: CIM_Service,
  version: "1.0.0",
  description: "A service of the operating system: a unit of systemd, or a program that is watched.",
});

import { createAgentObjectManager } from "../src/agent/cim/create-agent-object-manager.ts";
import { isMarked, keysOf } from "../src/cim/cim-class.ts";
import type { ClassDeclaration } from "../src/cim/class-declaration.ts";
import { DMTF_CLASSES } from "../src/cim/schema/dmtf-classes.ts";
import { systemClock } from "../src/runtime/clock.ts";
import type { Parts } from "./filled-document.ts";

// docs/cim.md: which classes there are, from their declarations and from what really provides them on Linux.

const provided = () => {
  const manager = createAgentObjectManager({
    clock: systemClock,
    agentVersion: "0.0.0",
    platform: "linux",
    mechanisms: [
      { protocol: "cim-xml", version: "1.0" },
      { protocol: "ws-management", version: "1.1" },
    ],
  });
  const places = new Map<string, { declaration: ClassDeclaration; namespaces: Set<string> }>();
  for (const { declaration, namespace } of manager.provided()) {
    const known = places.get(declaration.name) ?? { declaration, namespaces: new Set<string>() };
    known.namespaces.add(namespace);
    places.set(declaration.name, known);
  }
  return places;
};

function row(declaration: ClassDeclaration, namespaces: readonly string[]): string {
  const methods = declaration.methods
    .filter(({ propagated, name }) => !propagated || ["StartService", "StopService"].includes(name))
    .map(({ name }) => `${name}()`);
  const properties = declaration.properties.filter(({ propagated }) => !propagated).map(({ name }) => name);
  const keys = keysOf(declaration).filter(
    (name) => !/^(CS|OS|System)?CreationClassName$|^(CS|OS|System)Name$/.test(name),
  );
  return `| ${declaration.name} | ${declaration.superclassName ?? ""} | ${keys.join(", ")} | ${[...properties, ...methods].join(", ")} | ${namespaces.join(", ")} | ${declaration.description} |`;
}

const HEAD =
  "| class | below | keys of its own | properties and methods that it adds or refines | namespace | what |\n| --- | --- | --- | --- | --- | --- |";

export const CIM_PARTS: Parts = {
  provided: () => {
    const rows = [...provided().values()]
      .filter(({ declaration }) => !declaration.association)
      .map(({ declaration, namespaces }) => row(declaration, [...namespaces]));
    return [HEAD, ...rows.sort()].join("\n");
  },
  associations: () => {
    const rows = [...provided().values()]
      .filter(({ declaration }) => declaration.association)
      .map(({ declaration, namespaces }) => {
        const ends = declaration.properties
          .filter((property) => property.type === "reference" && isMarked(property, "Key"))
          .map(({ name, referenceClass }) => `${name} (${referenceClass})`);
        return `| ${declaration.name} | ${ends.join(" – ")} | ${[...namespaces].join(", ")} | ${declaration.description} |`;
      });
    return ["| association | ends | namespace | what |\n| --- | --- | --- | --- |", ...rows.sort()].join("\n");
  },
  declared: () => {
    const instances = provided();
    const others = DMTF_CLASSES.filter(({ name }) => !instances.has(name)).map(
      ({ name, abstract, indication }) => `${name}${abstract ? " (abstract)" : indication ? " (indication)" : ""}`,
    );
    return others.sort().join(", ");
  },
};

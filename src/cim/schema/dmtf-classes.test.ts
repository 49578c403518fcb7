import { describe, expect, it } from "vitest";
import { isMarked, keysOf, qualifierOf } from "../cim-class.ts";
import { isA } from "../class-repository.ts";
import { QUALIFIER_DECLARATIONS } from "../qualifier-declarations.ts";
import { CIM_StatisticalData } from "./core.ts";
import { CIM_Fan } from "./device.ts";
import { DMTF_CLASSES } from "./dmtf-classes.ts";
import { CIM_AlertIndication } from "./indication.ts";

const byName = new Map(DMTF_CLASSES.map((declaration) => [declaration.name, declaration]));

describe("the declared classes", () => {
  it("inherit properties in the order of their ancestors, with where each comes from", () => {
    const names = CIM_Fan.properties.map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual(["InstanceID", "Caption", "Description", "ElementName"]);
    expect(names.slice(-3)).toEqual(["ActiveCooling", "VariableSpeed", "DesiredSpeed"]);
    const status = CIM_Fan.properties.find(({ name }) => name === "OperationalStatus");
    expect([status?.classOrigin, status?.propagated, status?.isArray]).toEqual([
      "CIM_ManagedSystemElement",
      true,
      true,
    ]);
    expect(keysOf(CIM_Fan)).toEqual(["SystemCreationClassName", "SystemName", "CreationClassName", "DeviceID"]);
  });

  it("make a key of what an ancestor only had, and keep what was said of it", () => {
    const id = CIM_StatisticalData.properties.find(({ name }) => name === "InstanceID");
    expect(id && isMarked(id, "Key")).toBe(true);
    expect([id?.classOrigin, id?.propagated, id && qualifierOf(id, "override")]).toEqual([
      "CIM_ManagedElement",
      false,
      "InstanceID",
    ]);
  });

  it("say of themselves what is said of their ancestors, but for what concerns those alone", () => {
    const said = CIM_AlertIndication.qualifiers.map(({ name, value, propagated }) => [name, value, propagated]);
    expect(said).toContainEqual(["Indication", true, true]);
    expect(CIM_AlertIndication.qualifiers.map(({ name }) => name)).not.toContain("Abstract");
    const hosted = byName.get("CIM_HostedService");
    expect(hosted && isMarked(hosted, "Association")).toBe(true);
    for (const declaration of DMTF_CLASSES) {
      expect(isMarked(declaration, "Indication"), declaration.name).toBe(declaration.indication);
      expect(isMarked(declaration, "Association"), declaration.name).toBe(declaration.association);
      expect(isMarked(declaration, "Abstract"), declaration.name).toBe(declaration.abstract);
    }
  });

  it.each(DMTF_CLASSES.map((declaration) => [declaration.name, declaration] as const))(
    "%s is whole",
    (_, declaration) => {
      const { superclassName, properties, methods, association, abstract } = declaration;
      if (superclassName !== null) expect(byName.has(superclassName), superclassName).toBe(true);
      const names = properties.map(({ name }) => name.toLowerCase());
      expect(new Set(names).size).toBe(names.length);
      for (const property of properties) {
        // References may lead to classes that nothing here is of, but not to a misspelt name.
        if (property.referenceClass !== undefined) expect(property.referenceClass).toMatch(/^CIM_[A-Z]\w+$/);
        const [map, values] = [qualifierOf(property, "ValueMap"), qualifierOf(property, "Values")];
        if (Array.isArray(map)) expect(map.length).toBe(Array.isArray(values) ? values.length : -1);
      }
      for (const { qualifiers } of [
        declaration,
        ...properties,
        ...methods,
        ...methods.flatMap(({ parameters }) => parameters),
      ])
        for (const { name, type, value } of qualifiers) {
          const known = QUALIFIER_DECLARATIONS.find((each) => each.name === name);
          expect([name, type, Array.isArray(value)]).toEqual([name, known?.type, known?.isArray]);
        }
      if (association) expect(properties.filter(({ type }) => type === "reference").length).toBeGreaterThanOrEqual(2);
      if (!abstract && !declaration.indication) expect(keysOf(declaration).length).toBeGreaterThan(0);
      expect(isA(declaration, declaration.name.toLowerCase())).toBe(true);
    },
  );
});

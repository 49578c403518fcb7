import type { CimQualifierDeclaration, QualifierScope } from "./cim-class.ts";
import type { CimType, CimValue } from "./cim-type.ts";

const CLASSES: readonly QualifierScope[] = ["class", "association", "indication"];
const VALUES: readonly QualifierScope[] = ["property", "reference"];
const ANY: readonly QualifierScope[] = [...CLASSES, ...VALUES, "method", "parameter"];
const TYPED: readonly QualifierScope[] = ["property", "method", "parameter"];

function declare(
  name: string,
  type: CimType,
  scopes: readonly QualifierScope[],
  {
    value = null,
    array = false,
    overridable = true,
    toSubclass = true,
    translatable = false,
  }: {
    readonly value?: CimValue;
    readonly array?: boolean;
    readonly overridable?: boolean;
    readonly toSubclass?: boolean;
    readonly translatable?: boolean;
  } = {},
): CimQualifierDeclaration {
  return { name, type, isArray: array, value, scopes, overridable, toSubclass, translatable };
}

/** The qualifier types of our declarations (DSP0004 2.8 §5.6.3), with scopes and flavours. */
export const QUALIFIER_DECLARATIONS: readonly CimQualifierDeclaration[] = [
  declare("Abstract", "boolean", CLASSES, { value: false, toSubclass: false }),
  declare("Association", "boolean", ["association"], { value: false, overridable: false }),
  declare("Counter", "boolean", TYPED, { value: false }),
  declare("Deprecated", "string", ANY, { array: true, toSubclass: false }),
  declare("Description", "string", ANY, { translatable: true }),
  declare("EmbeddedInstance", "string", TYPED),
  declare("EmbeddedObject", "boolean", TYPED, { value: false, overridable: false }),
  declare("Gauge", "boolean", TYPED, { value: false }),
  declare("In", "boolean", ["parameter"], { value: true, overridable: false }),
  declare("Indication", "boolean", ["class", "indication"], { value: false, overridable: false }),
  declare("Key", "boolean", VALUES, { value: false, overridable: false }),
  declare("Max", "uint32", ["reference"]),
  declare("MaxLen", "uint32", TYPED),
  declare("Min", "uint32", ["reference"], { value: 0 }),
  declare("Out", "boolean", ["parameter"], { value: false, overridable: false }),
  declare("Override", "string", ["property", "reference", "method"], { toSubclass: false }),
  declare("PUnit", "string", TYPED),
  declare("Required", "boolean", ["property", "reference", "method", "parameter"], {
    value: false,
    overridable: false,
  }),
  declare("Static", "boolean", ["property", "method"], { value: false, overridable: false }),
  declare("ValueMap", "string", TYPED, { array: true }),
  declare("Values", "string", TYPED, { array: true, translatable: true }),
  declare("Version", "string", CLASSES, { toSubclass: false, translatable: true }),
  declare("Write", "boolean", VALUES, { value: false }),
];

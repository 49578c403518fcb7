import type { ObjectPath } from "../../cim/object-path.ts";
import { type Choice, children, choice, type ElementCodec, element, mapped, textElement } from "./element-codec.ts";
import { ValueReference } from "./path-elements.ts";

// Values (DSP0201 §5.2.4). What a text means is said by the type in the element around it, or by a declaration, so that
// values are read in two steps: RawValue as it stands in the document, and `typedValue` of instance-elements.ts.

const Value = textElement("VALUE");
const ValueNull: ElementCodec<null> = mapped(element("VALUE.NULL", {}), { toValue: () => null, fromValue: () => ({}) });

const Item = choice({ text: Value, null: ValueNull });
const ValueArray: ElementCodec<readonly (string | null)[]> = mapped(element("VALUE.ARRAY", { items: children(Item) }), {
  toValue: ({ items }) => items.map(({ value }) => value),
  fromValue: (items) => ({
    items: items.map((value) =>
      value === null ? ({ kind: "null", value } as const) : ({ kind: "text", value } as const),
    ),
  }),
});

const Reference = choice({ reference: ValueReference, null: ValueNull });
const ValueRefArray: ElementCodec<readonly (ObjectPath | null)[]> = mapped(
  element("VALUE.REFARRAY", { items: children(Reference) }),
  {
    toValue: ({ items }) => items.map(({ value }) => value),
    fromValue: (items) => ({
      items: items.map((value) =>
        value === null ? ({ kind: "null", value } as const) : ({ kind: "reference", value } as const),
      ),
    }),
  },
);

/** Any value of a property, qualifier or parameter; `undefined` stands for NULL. */
export const AnyValue = choice({
  text: Value,
  array: ValueArray,
  reference: ValueReference,
  references: ValueRefArray,
});
export type RawValue = Choice<{
  text: typeof Value;
  array: typeof ValueArray;
  reference: typeof ValueReference;
  references: typeof ValueRefArray;
}>;

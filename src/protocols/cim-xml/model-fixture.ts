// A small model for tests: shelves, books, and which stands where. Never used outside tests.

import { CimDateTime } from "../../cim/cim-date-time.ts";
import { CimError } from "../../cim/cim-error.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import {
  boolean,
  datetime,
  declareClass,
  type InstanceOf,
  real64,
  reference,
  sint64,
  string,
  uint8,
  uint16,
  uint32,
  uint64,
} from "../../cim/class-declaration.ts";
import { createObjectManager } from "../../cim/create-object-manager.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { CIMV2, type ClassProvider, provide } from "../../cim/provider.ts";
import type { Clock } from "../../runtime/clock.ts";

const Furniture = declareClass({
  name: "Test_Furniture",
  abstract: true,
  version: "1.0.0",
  description: "Stands about.",
  properties: { Name: string({ key: true }), Caption: string({ write: true }) },
});

export const Shelf = declareClass({
  name: "Test_Shelf",
  extends: Furniture,
  version: "1.0.0",
  description: "Holds books.",
  properties: {
    Boards: uint8({ write: true }),
    Status: uint16({ array: true, values: { 2: "OK", 6: "Bent" } }),
    Load: real64({ pUnit: "gram" }),
    Capacity: uint64(),
    Offset: sint64(),
    BuiltAt: datetime(),
    IsFull: boolean(),
    Labels: string({ array: true, write: true }),
    Latest: string({ embeddedInstance: "Test_Book" }),
  },
  methods: {
    Dust: {
      returns: "uint32",
      parameters: {
        Times: uint32(),
        Tools: string({ array: true }),
        Removed: { type: "uint64", in: false, out: true },
        Found: { type: "reference", referenceClass: "Test_Book", in: false, out: true },
      },
    },
  },
});

export const Book = declareClass({
  name: "Test_Book",
  version: "1.0.0",
  description: "To be read.",
  properties: {
    Number: uint32({ key: true }),
    Title: string({ write: true }),
    Pages: uint16({ write: true }),
  },
});

export const OnShelf = declareClass({
  name: "Test_OnShelf",
  association: true,
  version: "1.0.0",
  description: "Which book stands on which shelf.",
  properties: {
    Holder: reference("Test_Shelf", { key: true }),
    Held: reference("Test_Book", { key: true }),
  },
});

export const SHELF: InstanceOf<typeof Shelf> = {
  Name: 'north "wall" <1> & 棚',
  Caption: "line one\nline two\ttab",
  Boards: 5,
  Status: [2, 6],
  Load: 1.5e6,
  Capacity: 18_446_744_073_709_551_615n,
  Offset: -9_223_372_036_854_775_808n,
  BuiltAt: CimDateTime.parse("20261122123000.000000+540"),
  IsFull: false,
  Labels: ["a,b", "", "<c>"],
  Latest: new CimInstance({
    className: "Test_Book",
    properties: [
      { name: "Number", type: "uint32", isArray: false, value: 7 },
      { name: "Title", type: "string", isArray: false, value: "<inner & outer>" },
    ],
  }),
};

export const shelfPath = (name: string) =>
  new ObjectPath({ namespace: CIMV2, className: "Test_Shelf", keys: { Name: name } });
export const bookPath = (number: number) =>
  new ObjectPath({ namespace: CIMV2, className: "Test_Book", keys: { Number: BigInt(number) } });

export interface TestModel {
  readonly manager: ObjectManager;
  readonly books: Map<number, { Title: string | null; Pages: number | null }>;
  /** Calls of Dust, with what they were given. */
  readonly dusted: Readonly<Record<string, unknown>>[];
}

export function createTestModel(
  clock: Clock,
  { bookCount = 3, more = [] as readonly ClassProvider[] } = {},
): TestModel {
  const books: TestModel["books"] = new Map();
  for (let number = 1; number <= bookCount; number++)
    books.set(number, { Title: `book ${number}`, Pages: (number * 100) % 60_000 });
  const dusted: Readonly<Record<string, unknown>>[] = [];
  const numberOf = (path: ObjectPath) => Number(path.key("Number"));
  const bookOf = (number: number) => {
    const book = books.get(number);
    return book === undefined ? null : { Number: number, ...book };
  };
  const shelf = SHELF.Name as string;
  const providers = [
    provide(Shelf, {
      instances: () => [SHELF, { Name: "empty" }],
      methods: {
        async Dust(path, parameters) {
          dusted.push({ path: path.toString(), ...parameters });
          if (parameters.Times === 0) throw new CimError("FAILED", "no dust");
          return { returnValue: 0, output: { Removed: 123n, Found: bookPath(2) } };
        },
      },
    }),
    provide(Book, {
      async *instances() {
        let batch: InstanceOf<typeof Book>[] = [];
        for (const [number, book] of books) {
          batch.push({ Number: number, ...book });
          if (batch.length === 100) {
            yield batch;
            batch = [];
          }
        }
        yield batch;
      },
      instance: async (path) => bookOf(numberOf(path)),
      async create(instance) {
        const number = instance.get("Number") as number;
        if (books.has(number)) throw new CimError("ALREADY_EXISTS", `book ${number} is there`);
        const [title, pages] = [instance.get("Title") ?? null, instance.get("Pages") ?? null];
        books.set(number, { Title: title as string | null, Pages: pages as number | null });
        return new CimInstance({ className: "Test_Book", path: bookPath(number), properties: instance.properties });
      },
      async modify(path, instance, names) {
        const book = books.get(numberOf(path));
        if (book === undefined) throw new CimError("NOT_FOUND", "no such book");
        for (const name of names) Object.assign(book, { [name]: instance.get(name) ?? null });
      },
      async delete(path) {
        if (!books.delete(numberOf(path))) throw new CimError("NOT_FOUND", "no such book");
      },
    }),
    provide(OnShelf, {
      instances: () => [...books.keys()].map((number) => ({ Holder: shelfPath(shelf), Held: bookPath(number) })),
    }),
    ...more,
  ];
  const manager = createObjectManager({ classes: { [CIMV2]: [], "root/interop": [] }, providers, clock });
  return { manager, books, dusted };
}

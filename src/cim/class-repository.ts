import { assert } from "../runtime/errors.ts";
import { CimError } from "./cim-error.ts";
import type { ClassDeclaration } from "./class-declaration.ts";

/** The classes of one namespace, superclasses included without being named. */
export class ClassRepository {
  readonly #namespace: string;
  readonly #byName = new Map<string, ClassDeclaration>();
  readonly #children = new Map<string, ClassDeclaration[]>();

  constructor(namespace: string, classes: readonly ClassDeclaration[]) {
    this.#namespace = namespace;
    for (const declaration of classes) this.#add(declaration);
  }

  #add(declaration: ClassDeclaration): void {
    const key = declaration.name.toLowerCase();
    const known = this.#byName.get(key);
    if (known !== undefined) {
      assert(known === declaration, `two classes named ${declaration.name}`);
      return;
    }
    this.#byName.set(key, declaration);
    const { superclass } = declaration;
    if (superclass !== null) this.#add(superclass);
    const parent = superclass?.name.toLowerCase() ?? "";
    const siblings = this.#children.get(parent) ?? [];
    siblings.push(declaration);
    this.#children.set(parent, siblings);
  }

  find(name: string): ClassDeclaration | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  /** Throws INVALID_CLASS. */
  get(name: string): ClassDeclaration {
    const found = this.find(name);
    if (found === undefined)
      throw new CimError("INVALID_CLASS", `no class ${name.slice(0, 256)} in ${this.#namespace}`);
    return found;
  }

  /** Direct subclasses, of null the classes at the top; with `deep` all below. */
  below(name: string | null, deep: boolean): ClassDeclaration[] {
    const direct = this.#children.get(name?.toLowerCase() ?? "") ?? [];
    return deep ? direct.flatMap((child) => [child, ...this.below(child.name, true)]) : [...direct];
  }

  get all(): ClassDeclaration[] {
    return [...this.#byName.values()];
  }
}

/** Whether a class is `ancestor`, or one below it. */
export function isA(declaration: ClassDeclaration, ancestor: string): boolean {
  const wanted = ancestor.toLowerCase();
  for (let each: ClassDeclaration | null = declaration; each !== null; each = each.superclass)
    if (each.name.toLowerCase() === wanted) return true;
  return false;
}

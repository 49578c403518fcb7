import type { Clock } from "../runtime/clock.ts";
import { reasonOf } from "../runtime/errors.ts";
import { canRefer, endsOf } from "./association-walk.ts";
import { isMarked } from "./cim-class.ts";
import { CimError } from "./cim-error.ts";
import type { CimInstance } from "./cim-instance.ts";
import type { ClassDeclaration } from "./class-declaration.ts";
import { ClassRepository, isA } from "./class-repository.ts";
import { checkChange, checkNew, checkParameters } from "./instance-checks.ts";
import { normalPath } from "./normal-path.ts";
import type {
  AssociationOperation,
  CimOperation,
  EnumerateOperation,
  InstanceOperation,
  InvokeOperation,
  InvokeResult,
  ObjectManager,
  QueryOperation,
} from "./object-manager.ts";
import { ObjectPath, tidyNamespace } from "./object-path.ts";
import { CIMV2, type CimNamespace, type ClassProvider, INTEROP } from "./provider.ts";
import { merge, PROVIDERS_AT_ONCE, type ProviderHealth, ProviderRunner } from "./provider-runner.ts";
import { QUALIFIER_DECLARATIONS } from "./qualifier-declarations.ts";
import { evaluate } from "./query/evaluate.ts";
import { parseQuery } from "./query/parse-query.ts";
import { languageOf } from "./query/query-language.ts";

/** Other names of the namespaces, in lower case: what clients try before they know (DSP1033 §7.2, and tog-pegasus). */
const ALIASES: Readonly<Record<string, CimNamespace>> = {
  "root/cimv2": CIMV2,
  cimv2: CIMV2,
  "root/interop": INTEROP,
  interop: INTEROP,
  "root/pg_interop": INTEROP,
};

/** An object manager that also says how its providers do. */
export interface WatchedObjectManager extends ObjectManager {
  providerHealth(): readonly ProviderHealth[];
  /** The classes that have a provider, with their namespaces. */
  provided(): readonly { readonly namespace: CimNamespace; readonly declaration: ClassDeclaration }[];
}

/**
 * Answers from providers. Each has its own time; in an enumeration over several of them one that fails or hangs is left
 * out and counted, and only when nothing at all could be read does the operation fail. What must be whole is asked for
 * by the exact class, which has one provider.
 */
export function createObjectManager({
  classes,
  providers,
  clock,
  onProblem = () => {},
}: {
  /** Classes that are known even where nothing gives instances of them, such as those of indications. */
  readonly classes: Readonly<Record<CimNamespace, readonly ClassDeclaration[]>>;
  readonly providers: readonly ClassProvider[];
  readonly clock: Clock;
  /** Told once when a provider begins to fail, and again after it has worked; for the log. */
  readonly onProblem?: (problem: CimError) => void;
}): WatchedObjectManager {
  const runner = new ProviderRunner(clock, onProblem);
  const repositories = new Map<string, ClassRepository>(
    [CIMV2, INTEROP].map((namespace) => {
      const provided = providers.filter((provider) => provider.namespace === namespace);
      const declared = classes[namespace as CimNamespace];
      return [namespace, new ClassRepository(namespace, [...declared, ...provided.map((each) => each.declaration)])];
    }),
  );

  function resolveNamespace(name: string): CimNamespace {
    const found = ALIASES[tidyNamespace(name).toLowerCase()];
    if (found === undefined)
      throw new CimError("INVALID_NAMESPACE", `no namespace ${name.slice(0, 256)}: there are ${CIMV2} and ${INTEROP}`);
    return found;
  }

  function place(operation: { readonly namespace: string }) {
    const namespace = resolveNamespace(operation.namespace);
    const repository = repositories.get(namespace) as ClassRepository;
    return { namespace, repository };
  }

  const findClass = (namespace: string, className: string) => {
    const resolved = ALIASES[tidyNamespace(namespace).toLowerCase()];
    return resolved === undefined ? undefined : repositories.get(resolved)?.find(className);
  };

  function normal(path: ObjectPath, namespace: string): ObjectPath {
    const resolved =
      path.namespace === null ? namespace : (ALIASES[tidyNamespace(path.namespace).toLowerCase()] ?? path.namespace);
    return normalPath(path.within(resolved), namespace, findClass);
  }

  function providersOf(namespace: string, className: string): ClassProvider[] {
    return providers.filter((each) => each.namespace === namespace && isA(each.declaration, className));
  }

  /** All instances of several providers. Throws what the first failure was when not one of them could be read. */
  async function* read(
    chosen: readonly ClassProvider[],
    { signal, onProblem }: Pick<CimOperation, "signal" | "onProblem">,
    question: (provider: ClassProvider) => Parameters<ProviderRunner["stream"]>[2] = (provider) => (context) =>
      provider.instances(context),
  ): AsyncGenerator<CimInstance> {
    const errors: CimError[] = [];
    const note = (error: unknown) => {
      const problem = error instanceof CimError ? error : new CimError("FAILED", reasonOf(error));
      errors.push(problem);
      if (!signal.aborted) onProblem?.(problem);
    };
    const sources = chosen.map((provider) => () => runner.stream(provider, signal, question(provider)));
    for await (const batch of merge(sources, PROVIDERS_AT_ONCE, note)) yield* batch;
    if (signal.aborted) throw new CimError("FAILED", "the operation was given up");
    if (errors.length > 0 && errors.length === chosen.length) throw errors[0];
  }

  async function* enumerateInstances({
    className,
    propertyList = null,
    deepInheritance = true,
    exactClass = false,
    ...operation
  }: EnumerateOperation): AsyncGenerator<CimInstance> {
    const { namespace, repository } = place(operation);
    const declaration = repository.get(className);
    const chosen = providersOf(namespace, className).filter((each) => !exactClass || each.declaration === declaration);
    const own = deepInheritance ? null : declaration.properties.map(({ name }) => name);
    for await (const instance of read(chosen, operation)) yield instance.pick(own).pick(propertyList);
  }

  async function* enumerateInstanceNames(operation: EnumerateOperation): AsyncGenerator<ObjectPath> {
    for await (const { path } of enumerateInstances({ ...operation, propertyList: [] })) if (path !== null) yield path;
  }

  /** The provider of an existing instance, and the instance. Throws NOT_FOUND. */
  async function find(path: ObjectPath, namespace: string, signal: AbortSignal) {
    const declaration = place({ namespace }).repository.get(path.className);
    const wanted = normal(path, namespace);
    const creationClass = wanted.key("CreationClassName");
    for (const provider of providersOf(namespace, declaration.name)) {
      const { name } = provider.declaration;
      // The key says which class made it; a class in between is asked all the same.
      if (typeof creationClass === "string" && creationClass.toLowerCase() !== name.toLowerCase()) continue;
      const asked = new ObjectPath({ namespace, className: name, keys: wanted.keys });
      const instance = await lookUp(provider, asked, signal);
      if (instance !== null) return { provider, instance, path: asked };
    }
    throw new CimError("NOT_FOUND", `there is no ${wanted}`);
  }

  async function lookUp(provider: ClassProvider, path: ObjectPath, signal: AbortSignal): Promise<CimInstance | null> {
    const { instance } = provider;
    if (instance !== undefined) return runner.ask(provider, signal, (context) => instance(path, context));
    for await (const batch of runner.stream(provider, signal, (context) => provider.instances(context))) {
      const found = batch.find((each) => each.path?.identity === path.identity);
      if (found !== undefined) return found;
    }
    return null;
  }

  async function getInstance({ path, propertyList = null, signal, ...operation }: InstanceOperation) {
    const { namespace } = place({ namespace: path.namespace ?? operation.namespace });
    const { instance } = await find(path, namespace, signal);
    return instance.pick(propertyList);
  }

  /** Association instances with `path` in them, with what they tie it to. */
  async function* walk({ path, assocClass = null, role = null, ...operation }: AssociationOperation) {
    const { namespace } = place(operation);
    if (path.keys === null)
      throw new CimError(
        "NOT_SUPPORTED",
        "associations between classes are not told: ask with the path of an instance",
      );
    const source = normal(path, namespace);
    const sourceClass = findClass(source.namespace ?? namespace, source.className);
    if (sourceClass === undefined) throw new CimError("INVALID_CLASS", `no class ${path.className.slice(0, 256)}`);
    if (assocClass !== null) place(operation).repository.get(assocClass);
    const identity = source.identity;
    const chosen = providers.filter(
      ({ declaration, namespace: where }) =>
        where === namespace &&
        declaration.association &&
        (assocClass === null || isA(declaration, assocClass)) &&
        canRefer(declaration, sourceClass, role),
    );
    const question = (provider: ClassProvider) => (context: Parameters<ClassProvider["instances"]>[0]) =>
      provider.references?.(source, context) ?? provider.instances(context);
    for await (const instance of read(chosen, operation, question)) {
      const ends = endsOf(instance, identity, role);
      if (ends !== undefined) yield { instance, ends };
    }
  }

  async function* referencesOf(operation: AssociationOperation) {
    const { repository } = place(operation);
    const { resultClass = null } = operation;
    if (resultClass !== null) repository.get(resultClass);
    // For references the result class is the association's (DSP0200 §5.3.2.9).
    for await (const { instance } of walk({ ...operation, assocClass: resultClass }))
      yield instance.pick(operation.propertyList ?? null);
  }

  async function* associatedPaths(operation: AssociationOperation) {
    const { resultClass = null, resultRole = null } = operation;
    if (resultClass !== null) place(operation).repository.get(resultClass);
    const seen = new Set<string>();
    for await (const { ends } of walk(operation)) {
      for (const { role, path } of ends.others) {
        if (resultRole !== null && role.toLowerCase() !== resultRole.toLowerCase()) continue;
        const declaration = findClass(path.namespace ?? operation.namespace, path.className);
        if (resultClass !== null && (declaration === undefined || !isA(declaration, resultClass))) continue;
        if (seen.has(path.identity)) continue;
        seen.add(path.identity);
        yield path;
      }
    }
  }

  async function* associators({ propertyList = null, ...operation }: AssociationOperation) {
    const byClass = new Map<string, ObjectPath[]>();
    for await (const path of associatedPaths(operation)) {
      const key = `${path.namespace}:${path.className}`;
      const paths = byClass.get(key);
      if (paths === undefined) byClass.set(key, [path]);
      else paths.push(path);
    }
    for (const paths of byClass.values())
      for await (const instance of readAll(paths, operation)) yield instance.pick(propertyList);
  }

  /** Instances of one class by their paths: one by one where that is cheap, or else those wanted out of one look at all. */
  async function* readAll(paths: readonly ObjectPath[], operation: CimOperation) {
    const [first] = paths;
    if (first === undefined) return;
    const { namespace, signal } = operation;
    const where = first.namespace ?? namespace;
    const own = providersOf(where, first.className).filter(({ declaration }) => declaration.name === first.className);
    const oneByOne = own.filter(({ instance }) => instance !== undefined);
    const wanted = new Set(paths.map((path) => path.identity));
    const rest = own.filter(({ instance }) => instance === undefined);
    for (const path of oneByOne.length > 0 ? paths : []) {
      for (const provider of oneByOne) {
        // It may have gone away since, or cannot be read: the others are told.
        const found = await lookUp(provider, path, signal).catch(() => null);
        if (found !== null) yield found;
      }
    }
    if (rest.length === 0) return;
    try {
      for await (const instance of read(rest, operation))
        if (instance.path !== null && wanted.has(instance.path.identity)) yield instance;
    } catch (error) {
      if (!(error instanceof CimError) || signal.aborted) throw error;
    }
  }

  async function* execQuery({ language, query, ...operation }: QueryOperation): AsyncGenerator<CimInstance> {
    const { namespace, repository } = place(operation);
    const parsed = parseQuery(query, languageOf(language));
    const declaration = repository.find(parsed.from);
    if (declaration === undefined) throw new CimError("INVALID_CLASS", `no class ${parsed.from.slice(0, 256)}`);
    const isSubclass = (className: string, ancestor: string) => {
      const found = repository.find(className);
      return found !== undefined && isA(found, ancestor);
    };
    for await (const instance of read(providersOf(namespace, declaration.name), operation))
      if (parsed.where === null || evaluate(parsed.where, instance, isSubclass)) yield instance.pick(parsed.select);
  }

  async function invokeMethod({
    path,
    method,
    parameters,
    signal,
    ...operation
  }: InvokeOperation): Promise<InvokeResult> {
    const { namespace, repository } = place({ namespace: path.namespace ?? operation.namespace });
    const declared = repository.get(path.className);
    const named = declared.methods.find(({ name }) => name.toLowerCase() === method.toLowerCase());
    const found =
      named !== undefined && isMarked(named, "Static")
        ? { provider: providersOf(namespace, declared.name)[0], path }
        : path.keys === null
          ? undefined
          : await find(path, namespace, signal);
    const { provider } = found ?? {};
    const declaration = provider?.declaration ?? declared;
    const signature = declaration.methods.find(({ name }) => name.toLowerCase() === method.toLowerCase());
    if (signature === undefined)
      throw new CimError("METHOD_NOT_FOUND", `${declaration.name} has no method ${method.slice(0, 256)}`);
    if (found === undefined)
      throw new CimError("INVALID_PARAMETER", `${declaration.name}.${signature.name} is asked of an instance`);
    const run = provider?.methods?.[signature.name];
    if (provider === undefined || run === undefined)
      throw new CimError("METHOD_NOT_AVAILABLE", `${declaration.name}.${signature.name} is not offered here`);
    const checked = checkParameters(signature, parameters);
    return runner.ask(provider, signal, (context) => run(found.path, checked, context));
  }

  async function modifyInstance({
    path,
    instance,
    propertyList = null,
    signal,
    ...operation
  }: InstanceOperation & { readonly instance: CimInstance }): Promise<void> {
    const { namespace } = place({ namespace: path.namespace ?? operation.namespace });
    const { provider, instance: before, path: asked } = await find(path, namespace, signal);
    const names = checkChange(provider.declaration, before, instance, propertyList);
    const { modify } = provider;
    if (modify === undefined) throw new CimError("NOT_SUPPORTED", `${provider.declaration.name} cannot be changed`);
    if (names.length === 0) return;
    await runner.ask(provider, signal, (context) => modify(asked, instance, names, context));
  }

  async function createInstance({ instance, signal, ...operation }: CimOperation & { readonly instance: CimInstance }) {
    const { namespace, repository } = place(operation);
    const declaration = repository.get(instance.className);
    const provider = providers.find((each) => each.namespace === namespace && each.declaration === declaration);
    const create = provider?.create;
    if (provider === undefined || create === undefined)
      throw new CimError("NOT_SUPPORTED", `no ${declaration.name} can be created here`);
    checkNew(declaration, instance);
    const created = await runner.ask(provider, signal, (context) => create(instance, context));
    if (created.path === null) throw new CimError("FAILED", `${declaration.name}: created without a path`);
    return created.path;
  }

  async function deleteInstance({ path, signal, ...operation }: InstanceOperation): Promise<void> {
    const { namespace } = place({ namespace: path.namespace ?? operation.namespace });
    const { provider, path: asked } = await find(path, namespace, signal);
    const remove = provider.delete;
    if (remove === undefined) throw new CimError("NOT_SUPPORTED", `${provider.declaration.name} cannot be deleted`);
    await runner.ask(provider, signal, (context) => remove(asked, context));
  }

  return {
    namespaces: [CIMV2, INTEROP],
    resolveNamespace,
    enumerateClasses({ className = null, deep = false, ...operation }) {
      const { repository } = place(operation);
      if (className !== null) repository.get(className);
      return repository.below(className, deep);
    },
    getClass: (operation) => place(operation).repository.get(operation.className),
    isSubclass: ({ ancestor, ...operation }) => isA(place(operation).repository.get(operation.className), ancestor),
    enumerateQualifiers(namespace) {
      resolveNamespace(namespace);
      return QUALIFIER_DECLARATIONS;
    },
    enumerateInstances,
    enumerateInstanceNames,
    getInstance,
    modifyInstance,
    createInstance,
    deleteInstance,
    associators,
    associatorNames: associatedPaths,
    references: referencesOf,
    async *referenceNames(operation) {
      for await (const { path } of referencesOf({ ...operation, propertyList: [] })) if (path !== null) yield path;
    },
    execQuery,
    invokeMethod,
    providerHealth: () => runner.health(),
    provided: () => providers.map(({ namespace, declaration }) => ({ namespace, declaration })),
  };
}

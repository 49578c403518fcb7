import { type CimMethodDeclaration, keysOf } from "../../cim/cim-class.ts";
import { CimError } from "../../cim/cim-error.ts";
import type { CimValue } from "../../cim/cim-type.ts";
import { withKeyNames } from "./call-parameters.ts";
import { rawValue, typedValue, type ValueShape } from "./instance-elements.ts";
import { type MethodCall, type MethodResponse, type ParamValue, paramValue } from "./message-elements.ts";
import type { OperationContext } from "./operation.ts";

// Methods of classes (DSP0200 §5.4). What a parameter's text means is said by the class; PARAMTYPE, which many clients
// leave out, is not needed.

export async function callMethod(call: MethodCall, context: OperationContext): Promise<MethodResponse> {
  const { manager, signal } = context;
  if (!context.mayChange) throw new CimError("ACCESS_DENIED", `${context.user} may read, not call methods`);
  const namespace = manager.resolveNamespace(call.path.namespace ?? "");
  const { className } = call.path;
  const cimClass = manager.getClass({ namespace, className });
  const method = cimClass.methods.find(({ name }) => name.toLowerCase() === call.name.toLowerCase());
  if (method === undefined)
    throw new CimError("METHOD_NOT_FOUND", `${className} has no method ${call.name.slice(0, 256)}`);
  const path = withKeyNames(call.path, () => keysOf(cimClass)).within(namespace);
  const parameters = readInput(method, call.parameters);
  const { returnValue, output } = await manager.invokeMethod({
    namespace,
    signal,
    path,
    method: method.name,
    parameters,
  });
  const raw = rawValue(returnValue);
  return {
    name: method.name,
    error: undefined,
    returned: { type: method.returnType, embedded: undefined, value: raw },
    parameters: method.parameters.flatMap(({ name, type }) => {
      const value = output[name];
      return value === undefined ? [] : [paramValue(name, type, rawValue(value))];
    }),
  };
}

function readInput(method: CimMethodDeclaration, given: readonly ParamValue[]): Record<string, CimValue> {
  const input: Record<string, CimValue> = {};
  for (const { name, value } of given) {
    const declared = method.parameters.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (declared === undefined)
      throw new CimError("INVALID_PARAMETER", `${method.name} has no parameter ${name.slice(0, 256)}`);
    if (Object.hasOwn(input, declared.name))
      throw new CimError("INVALID_PARAMETER", `${declared.name}: given more than once`);
    input[declared.name] = inputOf(declared.name, declared, value);
  }
  return input;
}

/** A value by its declared type; names and instances may also stand as elements of their own (DSP0201 §5.2.6.6). */
function inputOf(name: string, shape: ValueShape, value: ParamValue["value"]): CimValue {
  if (value === undefined) return null;
  if (value.kind === "instance" || value.kind === "namedInstance") return value.value;
  if (value.kind === "instanceName" || value.kind === "className") return value.value;
  if (value.kind === "class") throw new CimError("TYPE_MISMATCH", `${name}: classes are not taken as values`);
  return typedValue(value.value, shape, {
    refuse(problem): never {
      throw new CimError("TYPE_MISMATCH", `${name}: ${problem}`);
    },
  });
}

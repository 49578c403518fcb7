import fastifySwagger from "@fastify/swagger";
import type { FastifyInstance, FastifySchema } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { z } from "zod";
import { ErrorEnvelope } from "../../api/api-error.ts";
import type { Route } from "../../api/route.ts";

/** Collects the OpenAPI 3.1 document of all routes added later. */
export async function addOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Rusuban",
        version,
        description:
          "What a manager can be asked. The administration port knows callers by their client certificate, the console by its session cookie.",
      },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) => withoutInputs(jsonSchemaTransformObject(document)),
  });
}

/** A route of the contract as Fastify and the document take it. */
export function schemaOf(name: string, route: Route): FastifySchema {
  const success =
    route.streams !== undefined
      ? { description: "A stream of these.", content: { "text/event-stream": { schema: route.streams } } }
      : route.status === 204
        ? z.null().describe("Done.") // The document's way to say that there is no body.
        : route.reply;
  return {
    operationId: name,
    description: `${route.description} Role: ${route.role}.`,
    ...(route.params === undefined ? {} : { params: route.params }),
    ...(route.query === undefined ? {} : { querystring: route.query }),
    ...(route.body === undefined ? {} : { body: route.body }),
    response: { [route.status]: success, default: ErrorEnvelope },
  } as FastifySchema;
}

/** Only replies name their schemas: the same ones as inputs would double the document and be referred to nowhere. */
function withoutInputs(document: object): object {
  const { components = {} } = document as { readonly components?: { readonly schemas?: object } };
  const schemas = Object.entries(components.schemas ?? {}).filter(([name]) => !name.endsWith("Input"));
  return { ...document, components: { ...components, schemas: Object.fromEntries(schemas) } };
}

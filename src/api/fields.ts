import { z } from "zod";
import { API_LIMITS } from "./limits.ts";

// The small schemas that the routes share. Query numbers arrive as text and are read as numbers.

export const Uuid = z.uuid();
export const AtMs = z.int().describe("milliseconds since 1970");
export const Count = z.int().min(0);

/** A host by its id or its name. */
export const HostRef = z.string().min(1).max(API_LIMITS.hostRef).describe("a host's id or name");

/** A snapshot by its id or a unique beginning of it. */
export const SnapshotRef = z
  .string()
  .regex(/^[0-9a-f][0-9a-f-]{3,35}$/)
  .describe("a snapshot's id, or a unique beginning of at least four characters");

export const PathText = z
  .string()
  .min(1)
  .max(API_LIMITS.path)
  .refine((path) => !path.includes("\0"), "a path has no NUL");

/** A path by its bytes, for names that are not UTF-8. */
export const RawPath = rawPath(API_LIMITS.rawPath);
export const RawPathInQuery = rawPath(API_LIMITS.rawPathInQuery);

function rawPath(charactersMax: number) {
  return z.base64().min(1).max(charactersMax).describe("a path's bytes in base64");
}

/** A filter that may be given several times: `state=open&state=cleared`. */
export function listOf<T extends z.ZodType<unknown, string>>(item: T, itemsMax: number) {
  return z.union([item.transform((value) => [value]), z.array(item).max(itemsMax)]);
}

export function queryInteger(bounds: { readonly min: number; readonly max: number }) {
  return z.coerce.number<number>().int().min(bounds.min).max(bounds.max);
}

/** What every list takes: keyset paging, `after` being the `next` of the page before. */
export const PAGE_QUERY = {
  limit: queryInteger({ min: 1, max: API_LIMITS.pageItems }).optional(),
  after: z.string().min(1).max(API_LIMITS.cursor).optional().describe("`next` of the page before"),
};

/** What every list gives. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item).max(API_LIMITS.pageItems),
    next: z.string().max(API_LIMITS.cursor).nullable().describe("null on the last page"),
  });
}

export const Nothing = z.undefined();

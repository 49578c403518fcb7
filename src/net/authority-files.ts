import { X509Certificate } from "node:crypto";
import { open } from "node:fs/promises";
import { codeOf, reasonOf, SettingsError } from "../runtime/errors.ts";
import { splitPem } from "./certificate.ts";

/** Of one file: a system's whole bundle of public authorities has about 220 KiB. */
export const AUTHORITY_FILE_BYTES_MAX = 1024 * 1024;

/**
 * The certificates (PEM) in these files, each of an authority or of one server that is its own authority.
 * Throws SettingsError for `key` where a file cannot be read, is too long, or holds no certificate or a broken one.
 */
export async function readAuthorityFiles(key: string, files: readonly string[]): Promise<readonly string[]> {
  return (await Promise.all(files.map((file) => readOne(key, file)))).flat();
}

async function readOne(key: string, file: string): Promise<readonly string[]> {
  const { certificates } = splitPem(await readText(key, file));
  if (certificates.length === 0) throw new SettingsError(key, `${file} holds no certificate in PEM form`);
  for (const [index, pem] of certificates.entries()) {
    try {
      new X509Certificate(pem);
    } catch (error) {
      throw new SettingsError(key, `certificate ${index + 1} in ${file} cannot be read (${reasonOf(error)})`);
    }
  }
  return certificates;
}

async function readText(key: string, file: string): Promise<string> {
  try {
    await using handle = await open(file);
    const buffer = Buffer.alloc(AUTHORITY_FILE_BYTES_MAX + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
      length += bytesRead;
      if (length === buffer.length) {
        throw new SettingsError(key, `${file} is longer than ${AUTHORITY_FILE_BYTES_MAX} bytes`);
      }
      if (bytesRead === 0) return buffer.toString("latin1", 0, length);
    }
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    throw new SettingsError(key, `${file} cannot be read (${codeOf(error) || reasonOf(error)})`);
  }
}

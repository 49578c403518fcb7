import { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { reasonOf, SettingsError } from "../runtime/errors.ts";
import { splitPem } from "./certificate.ts";
import { CERTIFICATE_FILE_BYTES_MAX } from "./limits.ts";

/** Authorities in one file: several issue certificates while one takes over from another. */
export const ISSUERS_MAX = 8;

export interface Issuers {
  /** PEM, each by itself, in the order of the file. */
  readonly certificates: readonly string[];
  /** SHA-1 of the first one's DER in hexadecimal capitals, as Windows shows and wants thumbprints. */
  readonly thumbprint: string;
}

/**
 * The authorities of the operator's in a file of PEM.
 * @throws SettingsError naming `key` where the file cannot be read or holds something else.
 */
export function readIssuers(key: string, file: string): Issuers {
  const fail = (problem: string) => new SettingsError(key, `${file}: ${problem}`);
  let text: string;
  try {
    if (statSync(file).size > CERTIFICATE_FILE_BYTES_MAX)
      throw new Error(`larger than ${CERTIFICATE_FILE_BYTES_MAX} bytes`);
    text = readFileSync(file, "latin1");
  } catch (error) {
    throw fail(reasonOf(error));
  }
  const { certificates: found } = splitPem(text);
  const [first] = found;
  if (first === undefined)
    throw fail("no certificate in PEM form (-----BEGIN CERTIFICATE-----): export it as Base-64 X.509");
  if (found.length > ISSUERS_MAX) throw fail(`${found.length} certificates, at most ${ISSUERS_MAX} are taken`);
  const certificates = found.map((pem, index) => {
    try {
      const certificate = new X509Certificate(pem);
      if (!certificate.ca) throw new Error("it is no authority's: name the certificate of who issues them");
      return certificate;
    } catch (error) {
      throw fail(`certificate ${index + 1}: ${reasonOf(error)}`);
    }
  });
  return {
    certificates: certificates.map(String),
    thumbprint: new X509Certificate(first).fingerprint.replaceAll(":", ""),
  };
}

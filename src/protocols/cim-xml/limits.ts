// Every bound of CIM-XML, named once.

/** A request: CreateInstance of a large instance has some kilobytes, a batch of a hundred a megabyte. */
export const REQUEST_BYTES_MAX = 4 * 1024 * 1024;
/** Elements of a request. */
export const REQUEST_NODES_MAX = 50_000;
/** Requests worked on at once, whoever sent them. */
export const REQUESTS_AT_ONCE_MAX = 32;
/** The same of one user: one that asks for everything at once must leave room for the others. */
export const REQUESTS_PER_USER_MAX = 16;
/** An operation takes so long at most; a provider that takes longer has its own bound. */
export const OPERATION_TIMEOUT_MS = 60_000;
/** Operations in one MULTIREQ, and indications in one MULTIEXPREQ. */
export const BATCH_OPERATIONS_MAX = 100;
/** An answer is collected up to here and sent with its length; a longer one goes out in pieces. */
export const ANSWER_COLLECTED_BYTES_MAX = 256 * 1024;
/** An answer in one piece is compressed from this size on: below, it would fit into two packets anyway. */
export const GZIP_BYTES_MIN = 2 * 1024;
/** An answer, in pieces or not. */
export const ANSWER_BYTES_MAX = 128 * 1024 * 1024;

/** Open enumerations, of all users and of one. */
export const ENUMERATIONS_MAX = 256;
export const ENUMERATIONS_PER_USER_MAX = 32;
/** Seconds until an enumeration that nobody pulls is closed: what a client gets that names none, and the most it may name. */
export const ENUMERATION_SECONDS_DEFAULT = 60;
export const ENUMERATION_SECONDS_MAX = 600;
/** Objects in one answer to a pull, whatever was asked for. */
export const PULLED_OBJECTS_MAX = 1_000;

/** A reply of somebody's server, as a client takes it. */
export const REPLY_BYTES_MAX = 32 * 1024 * 1024;
/** Objects that a client collects over all pulls of one enumeration: a server that never ends harms only its own row. */
export const COLLECTED_OBJECTS_MAX = 100_000;
/** Objects that a client asks for at a time. */
export const CLIENT_PULL_OBJECTS = 500;

/** Requests with indications that a listener takes up at once: each waits for a commit to the database. */
export const EXPORTS_AT_ONCE_MAX = 256;
/** One indication, with the error it may embed, or a batch of ordinary ones. */
export const EXPORT_BYTES_MAX = 1024 * 1024;

import { BACKUP_EXEC } from "./backup-exec.ts";
import { ESMPRO } from "./esmpro.ts";
import type { Profile } from "./profile.ts";

/** The two products whose work Rusuban does, by the name that commands take. */
export const PROFILES: readonly Profile[] = [ESMPRO, BACKUP_EXEC];

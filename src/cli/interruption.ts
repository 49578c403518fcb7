/** The person pressed Ctrl-C while a command waited. `message` says what goes on without us; empty where nothing does. */
export class Interruption extends Error {
  override readonly name = "Interruption";
}

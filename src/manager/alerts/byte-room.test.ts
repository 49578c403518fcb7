import { expect, it } from "vitest";
import { createByteRoom } from "./byte-room.ts";

it("lets in what fits, and the rest in turn as others leave", async () => {
  const room = createByteRoom(10);
  const entered: string[] = [];
  const enter = (name: string, bytes: number) => room.admit(bytes).then(() => entered.push(name));
  await enter("a", 6);
  const waiting = [enter("b", 6), enter("c", 1)];
  await Promise.resolve();
  expect(entered).toEqual(["a"]);
  room.release(6);
  await Promise.all(waiting);
  expect(entered).toEqual(["a", "b", "c"]);
  room.release(6);
  room.release(1);
  expect(room.used).toBe(0);
});

it("lets in what is larger than all of it, when nothing else is there", async () => {
  const room = createByteRoom(10);
  await room.admit(50);
  let entered = false;
  const next = room.admit(1).then(() => {
    entered = true;
  });
  await Promise.resolve();
  expect(entered).toBe(false);
  room.release(50);
  await next;
});

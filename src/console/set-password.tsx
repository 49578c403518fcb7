import { Button, Modal, PasswordInput, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Me } from "../api/session-routes.ts";
import { call } from "./api-call.ts";
import { Failure } from "./failure.tsx";
import { useWords } from "./language.tsx";

const PASSWORD_MIN = 12; // API_LIMITS.password.min; the manager refuses shorter ones.

export function SetPassword({
  me,
  opened,
  onClose,
}: {
  readonly me: Me;
  readonly opened: boolean;
  readonly onClose: () => void;
}) {
  const words = useWords();
  const client = useQueryClient();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const save = useMutation({
    mutationFn: () =>
      call("PUT /api/v1/session/password", { body: { password, ...(me.hasPassword ? { current } : {}) } }),
    onSuccess: () => {
      setCurrent("");
      setPassword("");
      void client.invalidateQueries({ queryKey: ["session"] });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={words.password.title}
      closeButtonProps={{ "aria-label": words.close }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          {/* Password managers file the new password under this name. */}
          <input className="hidden" type="text" autoComplete="username" value={me.name} readOnly tabIndex={-1} />
          {me.hasPassword && (
            <PasswordInput
              label={words.password.current}
              value={current}
              autoComplete="current-password"
              required
              withAsterisk={false}
              onChange={(event) => setCurrent(event.currentTarget.value)}
            />
          )}
          <PasswordInput
            label={words.password.fresh}
            description={words.password.rule}
            value={password}
            autoComplete="new-password"
            required
            minLength={PASSWORD_MIN}
            withAsterisk={false}
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
          {save.error !== null && <Failure error={save.error} />}
          <Button type="submit" loading={save.isPending}>
            {words.password.save}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}

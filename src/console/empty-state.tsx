import type { ReactNode } from "react";

/** Nothing is here: says so, and what to do next. */
export function EmptyState({
  icon,
  title,
  hint,
  children,
}: {
  readonly icon: ReactNode;
  readonly title: string;
  readonly hint?: string;
  readonly children?: ReactNode;
}) {
  return (
    <div className="empty">
      <div className="empty-icon">{icon}</div>
      <p className="empty-title">{title}</p>
      {hint !== undefined && <p className="quiet">{hint}</p>}
      {children}
    </div>
  );
}

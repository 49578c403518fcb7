// What every target can do. A renderer turns the rules of one place into files; it touches nothing on this machine and
// says the same for the same rules, byte by byte. targets/compliance.test.ts holds all of them to that.

import type { Language, Text } from "../ports/flow.ts";
import { SettingsError } from "../runtime/errors.ts";
import { oneLine } from "./harmless.ts";
import type { LeftOut, Rule, RuleSet, Side } from "./rule.ts";

export interface RenderedFile {
  /** Relative, with `/` between folders. */
  readonly name: string;
  readonly text: string;
}

/** An nftables table that filters, and its chains on the three hooks. */
export interface NftPlace {
  /** `inet filter`. */
  readonly table: string;
  readonly chains: Readonly<Record<Rule["direction"], string>>;
}

/** What most distributions' own rule files have. */
export const NFT_PLACE: NftPlace = {
  table: "inet filter",
  chains: { in: "input", out: "output", forward: "forward" },
};

export interface RenderOptions {
  /** Of what people read: tables, comments at the head of files. */
  readonly language: Language;
  /** Where nftables decides here; other targets know it by themselves. */
  readonly nftPlace?: NftPlace;
}

export interface Renderer {
  /** As `--target` takes it. */
  readonly name: string;
  readonly title: Text;
  readonly sides: readonly Side[];
  /** How many ports one rule may name, a range counting as two; null without a limit. */
  readonly portsPerRuleMax: number | null;
  /** Whether replies come through by themselves, or need rules of their own. */
  readonly isStateful: boolean;
  /** How the files are put to use. */
  readonly use: Text;
  /** Why this target cannot say this rule, or null. */
  refuse(rule: Rule): Text | null;
  render(ruleSet: RuleSet, options: Required<RenderOptions>): readonly RenderedFile[];
}

export interface Rendered {
  readonly files: readonly RenderedFile[];
  /** What the rules left out, and what this target had to. */
  readonly leftOut: readonly LeftOut[];
}

/** Throws SettingsError where the target has no place on this side. */
export function render(
  renderer: Renderer,
  ruleSet: RuleSet,
  { language, nftPlace = NFT_PLACE }: RenderOptions,
): Rendered {
  if (!renderer.sides.includes(ruleSet.side)) {
    const sides = renderer.sides.join(" or ");
    throw new SettingsError("target", `${renderer.name} has no rules for the side ${ruleSet.side}: ask for ${sides}`);
  }
  const refused = ruleSet.rules.flatMap((rule) => {
    const reason = renderer.refuse(rule);
    return reason === null ? [] : [{ rule, flow: rule.flow, reason }];
  });
  const rules = ruleSet.rules.filter((rule) => !refused.some((each) => each.rule === rule));
  const leftOut = [...ruleSet.leftOut, ...refused.map(({ flow, reason }) => ({ flow, reason }))];
  return { files: renderer.render({ ...ruleSet, rules, leftOut }, { language, nftPlace }), leftOut };
}

const SIDE_TITLES: Readonly<Record<Side, Text>> = {
  agent: { en: "agent's host", ja: "エージェント側" },
  manager: { en: "manager's host", ja: "マネージャ側" },
  between: { en: "firewall in between", ja: "中間のファイアウォール" },
};

/** What stands at the head of every file, a line each: for what it is, how to use it, what it leaves out and why. */
export function headLines(
  { title, use }: Pick<Renderer, "title" | "use">,
  { place, side, leftOut }: RuleSet,
  language: Language,
): string[] {
  const words = {
    en: { rules: "firewall rules", leftOut: "left out" },
    ja: { rules: "ファイアウォール規則", leftOut: "対象外" },
  }[language];
  return [
    `Rusuban: ${words.rules}, ${title[language]}`,
    `${SIDE_TITLES[side][language]}: ${place}`,
    use[language],
    ...leftOut.map(({ flow, reason }) => `${words.leftOut}: ${flow}: ${reason[language]}`),
  ].map(oneLine);
}

/** The name that files and objects of one side begin with: several sides may share a machine. */
export function sidePrefix(side: Side): string {
  return `rusuban-${side}`;
}

export const never = (): null => null;

import type { Database, Tables, TablesInsert } from "./database"

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(_: T) => {}

const user = {} as Tables<"users">
holds<Same<typeof user.id, number>>(true)
holds<Same<typeof user.tier, "free" | "pro" | 'it\'s "so"'>>(true)
holds<Same<typeof user.level, -1 | 0 | 1 | null>>(true)
holds<Same<typeof user.mixed, "a" | 1 | null>>(true)
holds<Same<typeof user.active, number>>(true)
holds<Same<typeof user.born, string | null>>(true)
holds<Same<typeof user.raw, Uint8Array | null>>(true)
holds<Same<typeof user.anything, unknown>>(true)
holds<Same<Tables<"strict_ones">["code"], string>>(true)
holds<Same<Database["main"]["Tables"]["order"]["Relationships"][1]["referencedColumns"], ["id"]>>(true)

const least: TablesInsert<"users"> = { email: "a@example.com" }
// @ts-expect-error the key of a table without rowid is needed
const keyless: TablesInsert<"strict_ones"> = { n: 1 }
// @ts-expect-error it is not on the list
const other: TablesInsert<"users"> = { email: "", tier: "other" }
export { keyless, least, other }

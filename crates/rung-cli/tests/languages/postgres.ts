import { Constants } from "./database"
import type { CompositeTypes, Database, Enums, Tables, TablesInsert, TablesUpdate } from "./database"

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <T extends true>(_: T) => {}

const user = {} as Tables<"users">
holds<Same<typeof user.id, number>>(true)
holds<Same<typeof user.mood, Enums<"mood">>>(true)
holds<Same<typeof user.moods, Enums<"mood">[] | null>>(true)
holds<Same<typeof user.home, CompositeTypes<"address"> | null>>(true)
holds<Same<typeof user.owes, number>>(true)
holds<Same<typeof user.has, number | null>>(true)
holds<Same<(typeof user)["user-id"], number | null>>(true)
holds<Same<typeof user.twice, number | null>>(true)
holds<Same<typeof user.shout, string | null>>(true)
holds<Same<Enums<"nothing">, never>>(true)
holds<Same<Enums<{ schema: "app" }, "mood">, "a" | "b">>(true)
holds<Same<Tables<{ schema: "app" }, "users">["mood"], "a" | "b">>(true)
holds<Same<Tables<"moods">["user_id"], number | null>>(true)
holds<Same<Tables<"order">["whole"], Database["public"]["Tables"]["users"]["Row"] | null>>(true)
holds<Same<(typeof Constants.public.Enums.mood)[0], "happy">>(true)

const least: TablesInsert<"users"> = { owes: 1 }
const update: TablesUpdate<"users"> = { mood: "it's \"so\"" }
const order: TablesInsert<"order"> = { user_id: 1, parent: null }
const through: TablesUpdate<{ schema: "public" }, "order"> = {}
// @ts-expect-error a price is needed
const nothing: TablesInsert<"users"> = {}
// @ts-expect-error its number is always the database's
const numbered: TablesInsert<"users"> = { owes: 1, id: 1 }
// @ts-expect-error it is generated
const doubled: TablesUpdate<"users"> = { twice: 2 }
// @ts-expect-error there is no such word
const mood: Enums<"mood"> = "sad"
// @ts-expect-error there is no such table
type Nowhere = Tables<"nowhere">
// @ts-expect-error it can't be written
type Counted = Database["public"]["Views"]["counted"]["Insert"]
type Moods = Database["public"]["Views"]["moods"]["Update"]

type Greet = Database["public"]["Functions"]["greet"]
const greeting: Greet["Args"] = { name: "x" }
holds<Same<Database["public"]["Functions"]["pair"]["Returns"], { a: number; b: Enums<"mood"> }>>(true)
holds<Same<Database["public"]["Functions"]["listed"]["Returns"], { "a b": string; id: number }[]>>(true)
// @ts-expect-error a trigger is not called
type Touched = Database["public"]["Functions"]["touched"]

const relationship: Database["public"]["Tables"]["option"]["Relationships"][0]["isOneToOne"] = true
export type { Counted, Moods, Nowhere, Touched }
export { doubled, greeting, least, mood, nothing, numbered, order, relationship, through, update }

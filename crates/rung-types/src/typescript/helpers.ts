
type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">

type SchemaName = keyof DatabaseWithoutInternals

type DefaultSchema = DatabaseWithoutInternals[Extract<SchemaName, "public">]

/** What a schema has of a kind. */
type Of<
  Schema extends SchemaName,
  Kind extends keyof DatabaseWithoutInternals[Schema],
> = DatabaseWithoutInternals[Schema][Kind]

/** Tables and views. */
type Relations<Schema extends SchemaName> = Of<Schema, "Tables"> &
  Of<Schema, "Views">

type DefaultRelations = DefaultSchema["Tables"] & DefaultSchema["Views"]

export type Tables<
  Name extends keyof DefaultRelations | { schema: SchemaName },
  Table extends Name extends { schema: SchemaName }
    ? keyof Relations<Name["schema"]>
    : never = never,
> = Name extends { schema: SchemaName }
  ? Relations<Name["schema"]>[Table] extends { Row: infer R }
    ? R
    : never
  : Name extends keyof DefaultRelations
    ? DefaultRelations[Name] extends { Row: infer R }
      ? R
      : never
    : never

export type TablesInsert<
  Name extends keyof DefaultSchema["Tables"] | { schema: SchemaName },
  Table extends Name extends { schema: SchemaName }
    ? keyof Of<Name["schema"], "Tables">
    : never = never,
> = Name extends { schema: SchemaName }
  ? Of<Name["schema"], "Tables">[Table] extends { Insert: infer I }
    ? I
    : never
  : Name extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][Name] extends { Insert: infer I }
      ? I
      : never
    : never

export type TablesUpdate<
  Name extends keyof DefaultSchema["Tables"] | { schema: SchemaName },
  Table extends Name extends { schema: SchemaName }
    ? keyof Of<Name["schema"], "Tables">
    : never = never,
> = Name extends { schema: SchemaName }
  ? Of<Name["schema"], "Tables">[Table] extends { Update: infer U }
    ? U
    : never
  : Name extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][Name] extends { Update: infer U }
      ? U
      : never
    : never

export type Enums<
  Name extends keyof DefaultSchema["Enums"] | { schema: SchemaName },
  Enum extends Name extends { schema: SchemaName }
    ? keyof Of<Name["schema"], "Enums">
    : never = never,
> = Name extends { schema: SchemaName }
  ? Of<Name["schema"], "Enums">[Enum]
  : Name extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][Name]
    : never

export type CompositeTypes<
  Name extends keyof DefaultSchema["CompositeTypes"] | { schema: SchemaName },
  Composite extends Name extends { schema: SchemaName }
    ? keyof Of<Name["schema"], "CompositeTypes">
    : never = never,
> = Name extends { schema: SchemaName }
  ? Of<Name["schema"], "CompositeTypes">[Composite]
  : Name extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][Name]
    : never

package scope

// builtin are the functions the guard knows to depend on nothing but their
// arguments, the clock and the session. Any other name is taken for a stored
// or loadable function, which may read every member's rows. The list follows
// the function reference of MySQL 8.0 to 9.7; functions with a syntax of their
// own (COUNT, CAST, JSON_TABLE …) are nodes, in nodes.go.
var builtin = set("abs acos addtime aes_decrypt aes_encrypt any_value ascii asin atan atan2 bin bin_to_uuid bit_count bit_length " +
	"ceil ceiling char_length character_length charset coalesce coercibility collation compress concat concat_ws conv convert_tz cos cot crc32 " +
	"current_date current_role current_user curdate database date date_format datediff day dayname dayofmonth dayofweek dayofyear degrees distance elt exp export_set " +
	"field find_in_set floor format format_bytes format_pico_time from_base64 from_days from_unixtime from_vector greatest grouping hex hour " +
	"if ifnull inet_aton inet_ntoa inet6_aton inet6_ntoa instr is_ipv4 is_ipv4_compat is_ipv4_mapped is_ipv6 is_uuid isnull " +
	"json_array_append json_array_insert json_contains json_contains_path json_depth json_extract json_insert json_keys json_length " +
	"json_merge json_merge_patch json_merge_preserve json_overlaps json_pretty json_quote json_remove json_replace json_schema_valid " +
	"json_schema_validation_report json_search json_set json_storage_free json_storage_size json_type json_unquote json_valid json_value " +
	"last_day lcase least left length ln locate log log10 log2 lower lpad ltrim make_set makedate maketime md5 microsecond minute mod month monthname " +
	"nullif oct octet_length ord period_add period_diff pi pow power quarter quote radians rand random_bytes regexp_instr regexp_like " +
	"regexp_replace regexp_substr repeat replace reverse right round rpad rtrim schema sec_to_time second session_user sha sha1 sha2 sign sin soundex space " +
	"sqrt st_area st_asgeojson st_asbinary st_astext st_buffer st_centroid st_contains st_convexhull st_crosses st_difference st_dimension st_disjoint st_distance st_distance_sphere " +
	"st_equals st_geohash st_geomfromtext st_geomfromwkb st_intersection st_intersects st_isvalid st_latitude st_length st_longitude st_makeenvelope " +
	"st_overlaps st_pointfromtext st_simplify st_srid st_swapxy st_symdifference st_touches st_transform st_union st_validate st_within st_x st_y " +
	"mbrcontains mbrcoveredby mbrcovers mbrdisjoint mbrequals mbrintersects mbroverlaps mbrtouches mbrwithin " +
	"str_to_date strcmp string_to_vector subtime substring_index system_user tan time time_format time_to_sec timediff timestamp to_base64 to_days to_seconds to_vector truncate " +
	"ucase uncompress uncompressed_length unhex unix_timestamp upper user utc_date uuid uuid_short uuid_to_bin vector_dim vector_to_string version week weekday weekofyear year yearweek")

// sessionReaders give what an earlier statement left in the session.
var sessionReaders = set("connection_id found_rows last_insert_id row_count")

// unsafe are built-in functions that are refused, with the reason.
var unsafe = map[string]string{
	"sleep":           "SLEEP can run for each row it looks at, also of other members, and holds a connection",
	"benchmark":       "BENCHMARK holds a connection and a core",
	"load_file":       "LOAD_FILE reads files of the server",
	"master_pos_wait": "it waits for replication", "source_pos_wait": "it waits for replication",
	"name_const":       "NAME_CONST is for the server's own use",
	"statement_digest": "it parses a text the guard does not see", "statement_digest_text": "it parses a text the guard does not see",
	"roles_graphml": "it tells of the server's accounts",
}

package scope

import "vitess.io/vitess/go/vt/sqlparser"

// known reports whether the guard knows what a node of the parser's tree does:
// that it reads no rows of its own and runs no code but the server's built-in.
// A node that is not listed, because it is harmful or because a newer parser
// brought it, refuses the statement.
func known(n sqlparser.SQLNode) bool {
	switch n.(type) {
	case nil:
		return true
	// Statements and clauses: block.go, insert.go and write.go know each.
	case *sqlparser.Select, *sqlparser.Union, *sqlparser.Insert, *sqlparser.Update, *sqlparser.Delete, *sqlparser.ExplainStmt,
		*sqlparser.With, *sqlparser.CommonTableExpr, *sqlparser.SelectExprs, *sqlparser.AliasedExpr, *sqlparser.StarExpr,
		*sqlparser.Where, *sqlparser.GroupBy, sqlparser.OrderBy, *sqlparser.Order, *sqlparser.Limit, *sqlparser.ParsedComments,
		sqlparser.Values, sqlparser.ValTuple, *sqlparser.RowAlias, sqlparser.OnDup, sqlparser.UpdateExprs, *sqlparser.UpdateExpr,
		sqlparser.Columns, sqlparser.Partitions, sqlparser.IdentifierCI, sqlparser.IdentifierCS, sqlparser.TableExprs,
		*sqlparser.AliasedTableExpr, *sqlparser.JoinTableExpr, *sqlparser.ParenTableExpr, *sqlparser.JoinCondition,
		sqlparser.TableName, sqlparser.TableNames, *sqlparser.Subquery, *sqlparser.DerivedTable, sqlparser.IndexHints, *sqlparser.IndexHint,
		*sqlparser.JSONTableExpr, *sqlparser.JtColumnDefinition, *sqlparser.JtOnResponse, *sqlparser.ColumnType,
		sqlparser.NamedWindows, *sqlparser.NamedWindow, sqlparser.WindowDefinitions, *sqlparser.WindowDefinition,
		*sqlparser.WindowSpecification, *sqlparser.OverClause, *sqlparser.FrameClause, *sqlparser.FramePoint,
		*sqlparser.NullTreatmentClause, *sqlparser.FromFirstLastClause:
		return true
	// Operators and values.
	case *sqlparser.AndExpr, *sqlparser.OrExpr, *sqlparser.XorExpr, *sqlparser.NotExpr, *sqlparser.ComparisonExpr, *sqlparser.BetweenExpr,
		*sqlparser.IsExpr, *sqlparser.ExistsExpr, *sqlparser.Literal, *sqlparser.Argument, *sqlparser.NullVal, sqlparser.BoolVal,
		*sqlparser.ColName, *sqlparser.BinaryExpr, *sqlparser.UnaryExpr, *sqlparser.IntroducerExpr, *sqlparser.CollateExpr,
		*sqlparser.CaseExpr, *sqlparser.When, *sqlparser.Default, *sqlparser.Variable, *sqlparser.MemberOfExpr, *sqlparser.IntervalDateExpr,
		*sqlparser.ConvertType, *sqlparser.JSONObjectParam:
		return true
	}
	return knownFunction(n)
}

// knownFunction lists the functions with a syntax, and so a node, of their own.
func knownFunction(n sqlparser.SQLNode) bool {
	switch n.(type) {
	case *sqlparser.FuncExpr, *sqlparser.ValuesFuncExpr, *sqlparser.CastExpr, *sqlparser.ConvertExpr, *sqlparser.ConvertUsingExpr,
		*sqlparser.MatchExpr, *sqlparser.TimestampDiffExpr, *sqlparser.ExtractFuncExpr, *sqlparser.WeightStringFuncExpr,
		*sqlparser.CurTimeFuncExpr, *sqlparser.SubstrExpr, *sqlparser.InsertExpr, *sqlparser.IntervalFuncExpr, *sqlparser.LocateExpr,
		*sqlparser.CharExpr, *sqlparser.TrimFuncExpr:
		return true
	case *sqlparser.Count, *sqlparser.CountStar, *sqlparser.Avg, *sqlparser.Max, *sqlparser.Min, *sqlparser.Sum, *sqlparser.BitAnd,
		*sqlparser.BitOr, *sqlparser.BitXor, *sqlparser.Std, *sqlparser.StdDev, *sqlparser.StdPop, *sqlparser.StdSamp, *sqlparser.VarPop,
		*sqlparser.VarSamp, *sqlparser.Variance, *sqlparser.GroupConcatExpr, *sqlparser.AnyValue, *sqlparser.JSONArrayAgg, *sqlparser.JSONObjectAgg,
		*sqlparser.ArgumentLessWindowExpr, *sqlparser.FirstOrLastValueExpr, *sqlparser.NtileExpr, *sqlparser.NTHValueExpr, *sqlparser.LagLeadExpr:
		return true
	case *sqlparser.JSONPrettyExpr, *sqlparser.JSONStorageFreeExpr, *sqlparser.JSONStorageSizeExpr, *sqlparser.JSONArrayExpr,
		*sqlparser.JSONObjectExpr, *sqlparser.JSONQuoteExpr, *sqlparser.JSONContainsExpr, *sqlparser.JSONContainsPathExpr,
		*sqlparser.JSONExtractExpr, *sqlparser.JSONKeysExpr, *sqlparser.JSONOverlapsExpr, *sqlparser.JSONSearchExpr, *sqlparser.JSONValueExpr,
		*sqlparser.JSONSchemaValidFuncExpr, *sqlparser.JSONSchemaValidationReportFuncExpr, *sqlparser.JSONAttributesExpr,
		*sqlparser.JSONValueModifierExpr, *sqlparser.JSONValueMergeExpr, *sqlparser.JSONRemoveExpr, *sqlparser.JSONUnquoteExpr,
		*sqlparser.RegexpInstrExpr, *sqlparser.RegexpLikeExpr, *sqlparser.RegexpReplaceExpr, *sqlparser.RegexpSubstrExpr:
		return true
	case *sqlparser.PointExpr, *sqlparser.LineStringExpr, *sqlparser.PolygonExpr, *sqlparser.MultiPointExpr, *sqlparser.MultiLinestringExpr,
		*sqlparser.MultiPolygonExpr, *sqlparser.GeomFromTextExpr, *sqlparser.GeomFromWKBExpr, *sqlparser.GeomFormatExpr,
		*sqlparser.GeomPropertyFuncExpr, *sqlparser.PointPropertyFuncExpr, *sqlparser.LinestrPropertyFuncExpr,
		*sqlparser.PolygonPropertyFuncExpr, *sqlparser.GeomCollPropertyFuncExpr, *sqlparser.GeoHashFromLatLongExpr,
		*sqlparser.GeoHashFromPointExpr, *sqlparser.GeomFromGeoHashExpr, *sqlparser.GeoJSONFromGeomExpr, *sqlparser.GeomFromGeoJSONExpr:
		return true
	}
	return false
}

// refusedNodes gives the reason for the nodes that are refused on purpose.
func refusedNode(n sqlparser.SQLNode) (Reason, string) {
	switch n.(type) {
	case *sqlparser.SelectInto:
		return Construct, "SELECT … INTO writes a file or a variable; read the rows instead"
	case *sqlparser.AssignmentExpr:
		return SessionState, "an assignment to a user variable can run for rows of other members and stays in the session"
	case *sqlparser.LockingFunc:
		return SessionState, "GET_LOCK and its like hold on one server only and stay with the session"
	case *sqlparser.ExtractValueExpr, *sqlparser.UpdateXMLExpr:
		return Construct, "EXTRACTVALUE and UPDATEXML put their argument into the error, which can come from another member's row"
	case *sqlparser.GTIDFuncExpr, *sqlparser.PerformanceSchemaFuncExpr:
		return Construct, "it tells about the server, not about a member"
	case *sqlparser.ValuesStatement:
		return Construct, "VALUES as a table is not supported; use SELECT … UNION ALL"
	}
	return Construct, "the guard does not know a part of it and so can't tell which rows it reads; use a simpler form, or Unscoped"
}

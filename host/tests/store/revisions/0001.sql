BEGIN TRANSACTION;
CREATE TABLE agencies (
	plugin TEXT NOT NULL CONSTRAINT ck_agencies_plugin CHECK (length(plugin) <= 120), 
	failures INTEGER NOT NULL, 
	violations INTEGER NOT NULL, 
	failing_since INTEGER, 
	sent_at INTEGER, 
	down_since INTEGER, 
	probe_at INTEGER, 
	cause TEXT CONSTRAINT ck_agencies_cause CHECK (length(cause) <= 120), 
	probes INTEGER NOT NULL, 
	CONSTRAINT pk_agencies PRIMARY KEY (plugin)
)
 STRICT

;
CREATE TABLE agency_logins (
	login TEXT NOT NULL CONSTRAINT ck_agency_logins_login CHECK (length(login) <= 36), 
	number INTEGER NOT NULL, 
	plugin TEXT NOT NULL CONSTRAINT ck_agency_logins_plugin CHECK (length(plugin) <= 120), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_agency_logins PRIMARY KEY (login, number)
)
 STRICT

;
CREATE TABLE agency_tokens (
	id TEXT NOT NULL CONSTRAINT ck_agency_tokens_id CHECK (length(id) <= 64), 
	plugin TEXT NOT NULL CONSTRAINT ck_agency_tokens_plugin CHECK (length(plugin) <= 120), 
	login TEXT CONSTRAINT ck_agency_tokens_login CHECK (length(login) <= 36), 
	under_way TEXT CONSTRAINT ck_agency_tokens_under_way CHECK (length(under_way) <= 36), 
	refused TEXT CONSTRAINT ck_agency_tokens_refused CHECK (length(refused) <= 120), 
	refusals INTEGER, 
	data_key BLOB, 
	sealed BLOB, 
	renew_at INTEGER, 
	under_way_until INTEGER, 
	held_until INTEGER, 
	refused_at INTEGER, 
	CONSTRAINT pk_agency_tokens PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE alembic_version_counter (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_counter_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version_counter" VALUES('0001');
CREATE TABLE applications (
	id TEXT NOT NULL CONSTRAINT ck_applications_id CHECK (length(id) <= 36), 
	service TEXT NOT NULL CONSTRAINT ck_applications_service CHECK (length(service) <= 120), 
	plugin TEXT NOT NULL CONSTRAINT ck_applications_plugin CHECK (length(plugin) <= 120), 
	plugin_version TEXT NOT NULL CONSTRAINT ck_applications_plugin_version CHECK (length(plugin_version) <= 120), 
	state TEXT NOT NULL CONSTRAINT ck_applications_state CHECK (length(state) <= 120), 
	gateway TEXT CONSTRAINT ck_applications_gateway CHECK (length(gateway) <= 120), 
	client_reference TEXT NOT NULL CONSTRAINT ck_applications_client_reference CHECK (length(client_reference) <= 64), 
	agency_reference TEXT CONSTRAINT ck_applications_agency_reference CHECK (length(agency_reference) <= 64), 
	hold_party TEXT CONSTRAINT ck_applications_hold_party CHECK (length(hold_party) <= 120), 
	hold_code TEXT CONSTRAINT ck_applications_hold_code CHECK (length(hold_code) <= 120), 
	operation TEXT CONSTRAINT ck_applications_operation CHECK (length(operation) <= 120), 
	opened_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	closed_at INTEGER, 
	due_at INTEGER, 
	lease_until INTEGER, 
	erased_at INTEGER, 
	target_plugin TEXT NOT NULL CONSTRAINT ck_applications_target_plugin CHECK (length(target_plugin) <= 120), 
	lease TEXT CONSTRAINT ck_applications_lease CHECK (length(lease) <= 36), 
	revision INTEGER NOT NULL CONSTRAINT ck_applications_revision CHECK (revision < 2000000000), 
	entries INTEGER NOT NULL, 
	chain BLOB NOT NULL, 
	data_key BLOB, 
	progress BLOB NOT NULL, 
	blocked TEXT CONSTRAINT ck_applications_blocked CHECK (length(blocked) <= 120), 
	CONSTRAINT pk_applications PRIMARY KEY (id), 
	CONSTRAINT uq_applications_client_reference UNIQUE (client_reference)
)
 STRICT

;
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000001','office.permit','office','office 1.0','draft',NULL,'e061456d617143f2958b5cabe65dd6cd1776dbb0f5a493e94b7e097e9d723f11',NULL,'citizen','consent-absent',NULL,1796083200000000,1796083200000000,NULL,NULL,NULL,NULL,'office',NULL,1,2,X'AF557026E6A2215C52BADA1947B196285D92FD307BBB9E40D3715FD7A9FCE472',X'6B6570743A01CF93A46977BD98797B7A116B9E808B950605F35F43D24DDD9975BD150A0DCBAEB60F4792889100E3816C084E5FBAF2A07759F0E19A58B07B8CD40E67',X'015F0754C5BBC2B3817B3676E2B6BB9ACF03CC29684D3CF20972C9A7DAFDDBADD599261E035D209CDFD9D14495D93305E62280EEEECBAF64CD36B2242A49975C67FF1EB47756225063C9E0CE33C65629F7506CB028CC19AF1D02C62F7A121737F39FF681B73EB6B42CF36FBDA086C7E91C3D43F18BDEDC3F1DE2F4C0EF3B38A2BF4E658A072CF45A46980879EFB8446F22DBBF1A4B83D931F5109312CB15281967BF828D1710EAE81661C925DF1D25C39641B351D9976947D961899FBF623E100C0473896AA0D2E671647A0910021D0158761F5C0AAE10C0FF032456CA8FEDEBD009BC6A3EBBEEB1DC259BC27993A11C3BBE7D7A1BA5C5B6AC891770A2D0B2FDB772429791C4FA41DF631EBDBBDC00D22DBBD7F0AFABA25C13D512E6BEF0545DF2650812CFD09FEE9C5AEC6405D5AAD47CEBC85DBC2B5E',NULL);
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000002','office.permit','office','office 1.0','closed',NULL,'4e21f06c5e22f4926f4e8ee05eca849e6905b4e75a7b1a498e77db553a983aa7',NULL,NULL,NULL,NULL,1796083200000000,1796083200000000,1796083200000000,NULL,NULL,NULL,'office',NULL,2,4,X'FF05E3794C0D207C57700793961747CB864284491204BA2F784B189C37C02FDB',X'6B6570743A01ED42346B171ACFC00319BDA2A2B0262D9D7B24D81F7850D3274815E455FBD7F2F57C35C63930766B5635F18D8041572C2A882AF73D47EC9569B4C26A',X'01AA033170D1A64C2884E75D97177EB1F2C04FA4FC4EC43E90E163AE3654F1C1E06B4D7C3A7AD555E74F2A132CFC64009009B89B3165A0AFB09D9F04C9DCB97904521EF8C42DDC684DE29FDBD38A83DAE89644A780F1AD439D621ED285E6A8BA385F0842A0FCB52B9D696ECD83C129EECEA564E70B1F79CBA68C01CAFF8CD71BA8563038E02B2622656FD6A5FFB82C9834B62B7C427BAAA7C6A45C1BD71CDB2C9AE53575F9C6C18094DF8B6A767E24EBF0E75DE817BC81A264950E90C528CEA4128FAA0917574BABDD42AE88EBF976198F2FB6559EB06176C82BB9699D7E5B9A9640FFB3F4CF63B4E99919C3FC601F5318CF38B74629D0E782AD324ECBF41D7822362B6BC52D697342651D7BD48DC5845BF9482639',NULL);
CREATE TABLE attempts (
	application TEXT NOT NULL CONSTRAINT ck_attempts_application CHECK (length(application) <= 36), 
	entry INTEGER NOT NULL, 
	operation TEXT NOT NULL CONSTRAINT ck_attempts_operation CHECK (length(operation) <= 120), 
	subject TEXT CONSTRAINT ck_attempts_subject CHECK (length(subject) <= 120), 
	worker TEXT NOT NULL CONSTRAINT ck_attempts_worker CHECK (length(worker) <= 36), 
	request_digest TEXT CONSTRAINT ck_attempts_request_digest CHECK (length(request_digest) <= 64), 
	began_at INTEGER NOT NULL, 
	ended_at INTEGER, 
	result TEXT CONSTRAINT ck_attempts_result CHECK (length(result) <= 120), 
	CONSTRAINT pk_attempts PRIMARY KEY (application, entry), 
	CONSTRAINT fk_attempts_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
CREATE TABLE checkouts (
	payment TEXT NOT NULL CONSTRAINT ck_checkouts_payment CHECK (length(payment) <= 36), 
	application TEXT NOT NULL CONSTRAINT ck_checkouts_application CHECK (length(application) <= 36), 
	sealed BLOB NOT NULL, 
	CONSTRAINT pk_checkouts PRIMARY KEY (payment), 
	CONSTRAINT fk_checkouts_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
CREATE TABLE counter_closes (
	session TEXT NOT NULL CONSTRAINT ck_counter_closes_session CHECK (length(session) <= 36), 
	closed_at INTEGER NOT NULL, 
	closed_by TEXT NOT NULL CONSTRAINT ck_counter_closes_closed_by CHECK (length(closed_by) <= 120), 
	second TEXT CONSTRAINT ck_counter_closes_second CHECK (length(second) <= 120), 
	reason TEXT, 
	pieces TEXT, 
	counted_poisha INTEGER NOT NULL, 
	unknown INTEGER NOT NULL, 
	by_hand INTEGER NOT NULL, 
	by_hand_poisha INTEGER NOT NULL, 
	CONSTRAINT pk_counter_closes PRIMARY KEY (session), 
	CONSTRAINT fk_counter_closes_session FOREIGN KEY(session) REFERENCES counter_openings (id)
)
 STRICT

;
CREATE TABLE counter_entries (
	payment TEXT NOT NULL CONSTRAINT ck_counter_entries_payment CHECK (length(payment) <= 36), 
	kind TEXT NOT NULL CONSTRAINT ck_counter_entries_kind CHECK (length(kind) <= 120), 
	session TEXT NOT NULL CONSTRAINT ck_counter_entries_session CHECK (length(session) <= 36), 
	at INTEGER NOT NULL, 
	poisha INTEGER NOT NULL, 
	late INTEGER NOT NULL, 
	CONSTRAINT pk_counter_entries PRIMARY KEY (payment, kind), 
	CONSTRAINT fk_counter_entries_session FOREIGN KEY(session) REFERENCES counter_closes (session)
)
 STRICT

;
CREATE TABLE counter_openings (
	id TEXT NOT NULL CONSTRAINT ck_counter_openings_id CHECK (length(id) <= 36), 
	till TEXT NOT NULL CONSTRAINT ck_counter_openings_till CHECK (length(till) <= 120), 
	centre TEXT NOT NULL CONSTRAINT ck_counter_openings_centre CHECK (length(centre) <= 120), 
	gateway TEXT NOT NULL CONSTRAINT ck_counter_openings_gateway CHECK (length(gateway) <= 120), 
	opened_by TEXT NOT NULL CONSTRAINT ck_counter_openings_opened_by CHECK (length(opened_by) <= 120), 
	number INTEGER NOT NULL, 
	float_poisha INTEGER NOT NULL, 
	opened_at INTEGER NOT NULL, 
	CONSTRAINT pk_counter_openings PRIMARY KEY (id), 
	CONSTRAINT uq_counter_openings_till_number UNIQUE (till, number)
)
 STRICT

;
CREATE TABLE counter_prints (
	payment TEXT NOT NULL CONSTRAINT ck_counter_prints_payment CHECK (length(payment) <= 36), 
	copy INTEGER NOT NULL, 
	application TEXT NOT NULL CONSTRAINT ck_counter_prints_application CHECK (length(application) <= 36), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_counter_prints PRIMARY KEY (payment, copy)
)
 STRICT

;
CREATE TABLE decisions (
	id TEXT NOT NULL CONSTRAINT ck_decisions_id CHECK (length(id) <= 36), 
	at INTEGER NOT NULL, 
	officer TEXT NOT NULL CONSTRAINT ck_decisions_officer CHECK (length(officer) <= 120), 
	kind TEXT NOT NULL CONSTRAINT ck_decisions_kind CHECK (length(kind) <= 120), 
	subject TEXT NOT NULL CONSTRAINT ck_decisions_subject CHECK (length(subject) <= 120), 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_decisions PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE erased_references (
	reference TEXT NOT NULL CONSTRAINT ck_erased_references_reference CHECK (length(reference) <= 64), 
	CONSTRAINT pk_erased_references PRIMARY KEY (reference)
)
 STRICT

;
CREATE TABLE host_keys (
	name TEXT NOT NULL CONSTRAINT ck_host_keys_name CHECK (length(name) <= 120), 
	check_value BLOB NOT NULL, 
	added_at INTEGER NOT NULL, 
	retired_at INTEGER, 
	CONSTRAINT pk_host_keys PRIMARY KEY (name)
)
 STRICT

;
INSERT INTO "host_keys" VALUES('index',X'4561240AD424246562AB45F236CDEE76F05DA00AE83B63E3C2862F048E979C85',1796083200000000,NULL);
INSERT INTO "host_keys" VALUES('kept',X'1F6E4CC7FFC65BEC4A207080398F2A2800BB6326DF88A0E41F218322EAF94403',1796083200000000,NULL);
CREATE TABLE inbox (
	id TEXT NOT NULL CONSTRAINT ck_inbox_id CHECK (length(id) <= 36), 
	offer TEXT NOT NULL CONSTRAINT ck_inbox_offer CHECK (length(offer) <= 120), 
	message TEXT NOT NULL CONSTRAINT ck_inbox_message CHECK (length(message) <= 64), 
	received_at INTEGER NOT NULL, 
	due_at INTEGER, 
	lost_looks INTEGER NOT NULL, 
	data_key BLOB, 
	sealed BLOB NOT NULL, 
	application TEXT CONSTRAINT ck_inbox_application CHECK (length(application) <= 36), 
	handled_at INTEGER, 
	result TEXT CONSTRAINT ck_inbox_result CHECK (length(result) <= 120), 
	CONSTRAINT pk_inbox PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE journal (
	application TEXT NOT NULL CONSTRAINT ck_journal_application CHECK (length(application) <= 36), 
	entry INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	kind TEXT NOT NULL CONSTRAINT ck_journal_kind CHECK (length(kind) <= 120), 
	outline TEXT NOT NULL, 
	sealed BLOB NOT NULL, 
	link BLOB NOT NULL, 
	CONSTRAINT pk_journal PRIMARY KEY (application, entry), 
	CONSTRAINT fk_journal_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000001","plugin_version":"office 1.0","service":"office.permit"}',X'01B11BC3A4BF1AC0A30C659822D4CEFC8DBBBED5D5238595520F508BF96F3E68108DB5BFC4C3D647F1D819FD1FB0C792CAA79BD883F64DE4BF424D70AC210190F135BD58F2494ED9F8EDA105DE8912A6B1A37374C0B323A7678F0CB80D9F7DD7E8273145361AE4E18092E39CF4C6D734668F3E1C565445EA43BFE16CB5908AD8714C6F908D36CD61076DB0E71827F7381A1C235C177A0DABE07B18A8F9EF7D3A9AFE61858C06EC8E004ED81E1A976C2A341271E1B41044AAFC530C000702978693BBFD69F7F6CFC1A9F70ACEA02174C7B94BFADE91B0C8E6AED21AAFB43B5D313F12EE1A0D6CB783A8ED444956EDC905DAA6',X'C7249DAF8C5158CE3E049ABAACC4278D9473C2980553DC87E8B6D65B643D9F48');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'0192C714B0F5DB94DBEE97337314546F6F4420490330E3EE0FDD5C3C44C14335AF363B960F0C9B811D13392133296E8BFE6EAC226C4322D935BFA821FEB5DA0F94C0AE2383A3AFC5EDA3287499E49E18C1221C271A44D57F1CA91D9FECCD9F6B396BB01058F9B4171E164A14A3',X'AF557026E6A2215C52BADA1947B196285D92FD307BBB9E40D3715FD7A9FCE472');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000002","plugin_version":"office 1.0","service":"office.permit"}',X'0170B87954B3794470B37ED94D94CA48A0A6CF38E81AA2A3E855B703E0CC2286779EF46E1FBB2941C0E008C185F4049EA537C7AB6CA8BB5A3A7955C4D49EED04A9E30271423BAD9D0CE19E7EDC9DEDD7975E6F6CE21970FB33EAD6F498C1EC191BA5D4BC33FAA2772F9324E117BB66AE59F5A6A27027D810E1165674FF2A667F39501C6CB79FC7CCFFE7ABB69DFB70E1B676F3D183EC6544B5457BBBFB305C99B8CA147634933840F6AD59A778A3E7F8D2EB259D5762A12BBBF28CEA4851B1383766D98A808D2AB3905E0164AAE18C2320E2EFC140B3B563F25CC76A164F8EB29B3748CB2B6C6C189803D29CE98A24626EF1',X'059D6331D40F041A82D016A0C8F170A1760D7620FDC82AD8FF3E5CD41DD90BC3');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01525FE4DAD4828AE3555A353FB75B3E050869BA1F12309AB9FB27DABA76C6C0777A4CD9D58806E1B3817796EDCEC5EFD84243B73887D8BEFAF1ECDF546EB776A63EDEEC036DC7C88995D44AF694EA0D6DC6D1CA2F3F2D9AA3E8FCDD423298EBA8F6144DE7E1E908CDD9AE0344',X'334EFD7F3B2FA8A3AA854EF6ACE27F9F0AAB4192070793F22C5E82E8472E01C7');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',3,1796083200000000,'moved','{"actor":"citizen","at":"2026-12-01T00:00:00Z","code":"withdrawn","to":"withdrawn"}',X'0164DDEC151E628482B059325AD62B0BF9900D3C4B95BFF81E36BCB9673D42DFBD750A25EA6C09B40E540F3B48A736E4838B7E83E90E20F8440F4725DC673F91D3A9EC3566423EF805AB884BA4EE6B6524363DBCD58B97BE41A7AA63260047B4778F5CAFCC753D8690E97C67B10BF156',X'48DC4F9E1E576AA93D0BD62B49DD8F288873EC002697FFED42764EBB54FFE70D');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',4,1796083200000000,'moved','{"actor":"core","at":"2026-12-01T00:00:00Z","code":"settled","to":"closed"}',X'01A62CB73C1FB1A7DAA1E6C2291F731903C38D28B7E77B412A87A48412B9D6FFEF130812D3D229E20624CFE399B239367BC6274345EAEFE4F616C6111198745E4B6EBFD925656909CF08A35D179B6C5E92823FC6531C142D81A270414533783AE4C7EB38909C0315',X'FF05E3794C0D207C57700793961747CB864284491204BA2F784B189C37C02FDB');
CREATE TABLE ledger (
	writer INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	kind TEXT NOT NULL CONSTRAINT ck_ledger_kind CHECK (length(kind) <= 120), 
	subject TEXT NOT NULL CONSTRAINT ck_ledger_subject CHECK (length(subject) <= 241), 
	content TEXT NOT NULL, 
	link BLOB NOT NULL, 
	CONSTRAINT pk_ledger PRIMARY KEY (writer, number)
)
 STRICT

;
INSERT INTO "ledger" VALUES(1,1,1796083200000000,'applications','00000000-0000-4000-8000-000000000001','{"draft":"UnGI4IktWr+y0NCDsV0+YzqiH0y+MegG/+bPR6PoHHk=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"draft","gateway":null,"hold_party":"citizen","hold_code":"consent-absent","operation":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":null,"due_at":null,"target_plugin":"office","lease":null,"revision":1,"entries":2,"chain":"r1VwJuaiIVxSutoZR7GWKF2S/TB7u55A03Ff16n85HI=","blocked":null}',X'43784926738537E85EFE1048E7A8901CA4076865E5888536E1301C3E5A9596D2');
INSERT INTO "ledger" VALUES(1,2,1796083200000000,'applications','00000000-0000-4000-8000-000000000002','{"draft":"gl9Ff1ZWsNx7YlC8TCa0uKCc35M+OlSHgnWoXdHoW/w=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"closed","gateway":null,"hold_party":null,"hold_code":null,"operation":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":1796083200000000,"due_at":null,"target_plugin":"office","lease":null,"revision":2,"entries":4,"chain":"/wXjeUwNIHxXcAeTlhdHy4ZChEkSBLoveEsYnDfAL9s=","blocked":null}',X'937D7F842B08AD768B56B71A49495173D467265EA72F40C91E9EB7D13BD7B484');
CREATE TABLE outages (
	plugin TEXT NOT NULL CONSTRAINT ck_outages_plugin CHECK (length(plugin) <= 120), 
	began_at INTEGER NOT NULL, 
	ended_at INTEGER, 
	cause TEXT CONSTRAINT ck_outages_cause CHECK (length(cause) <= 120), 
	CONSTRAINT pk_outages PRIMARY KEY (plugin, began_at)
)
 STRICT

;
CREATE TABLE paces (
	plugin TEXT NOT NULL CONSTRAINT ck_paces_plugin CHECK (length(plugin) <= 120), 
	next_at INTEGER NOT NULL, 
	CONSTRAINT pk_paces PRIMARY KEY (plugin)
)
 STRICT

;
CREATE TABLE payloads (
	application TEXT NOT NULL CONSTRAINT ck_payloads_application CHECK (length(application) <= 36), 
	draft BLOB NOT NULL, 
	updated_at INTEGER NOT NULL, 
	CONSTRAINT pk_payloads PRIMARY KEY (application), 
	CONSTRAINT fk_payloads_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000001',X'016E675592E87DB2FD628AB51DAC4EBEAEC3F74F408780A626DAA9CB9E58883F168FA265BB7854F173020C6B7D36F6634B154337445A49F419CEB70D5B56E2E113923120C4D93697CBF9822C24CF014FEB0802630D829089392E7004E9651F2F130FE96545C3D065E8525146D1B15C382A080758638890656EAF29FAB96E23E3606D300F86DA32A50B131F4D00FD885571D1EBDF76EF344C6085A19B219DAA8CADC146A61BD0FD7A05302C646E815082DB4DEA346412632127A1233C3112D7DD558E2BDDA92AAE70B51CD53A65B1D064A41B8E3517E1B9798BA511C2DF747DB331B9BFA709D5E92F85DB058EAE497C86CCBA730F9531342B2C6AD62C241912F4D9F68E0DA07E81088F4975B56BE9195AC649EA490A43714B5C7BE4DAECAA2B3768CD62130406E21E7D9FCD6E134D5E7C8A65FCF24BBCAA759FB8A94D85788B84EC641A201C2A467BFC0DDD2F818116FB7CF7822AEF5B12743D6B0966DA467868FE88E33E0BF92A9FC7D8F4CA57A94A35C5229DD1A4DEE4FD54724D5C970B75F69002168E20CA1466473DE27E67B569D6FDE01168296E2201D6702E6A7E9EF59135',1796083200000000);
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000002',X'01F3A30264D3DACE3551C25067E03904A85265B5C8B122C340D0C032C352687579BFFAF93911407426999276BEA6CA32804FFBCADE8202FF8597BB91D533A06B8872D3630798E10FC9EDDA3F487E02AA1E3AEA74957359F749AD003BB811CEB8AB17B440A7EE92E9E24A324B16484AD4EDFECB068D4427467D70FF87EAF40F179263D2052B70241AA87DDED5BCC606AB24AF3B648934D76FF72E6DAC1D525B91DBC75FFC85BBD8D3746E133ACFF523E941814F3431B6C5C8DF9FF83822536C0663680D0258E531098FF8418C7FA13F3AF5AC46280BDB95B747BFCB075A20291A0E3E23388AA16E331EF91F327A63A454A539C0C3DFDC17A81EBF10FD6347699DA7AD17ABD422B98099C48D16F782FD67E84E208A7086772C567838CF6E23C885D830DA15556539107F7C50C32120C2AD5DC7D1427ACA3034473C9A8A4246D174D9B9FFEC951E1AA44C3CEE512ACA780FF5784129C17761CC63B091B41C2D79A761B35EAB81DD8CE6002732B633263013662B1197366FD4FB8752288AEDF443EC4174F8D4935767ABE0B0C4EBB87EF7B12C6441972D218DC6509F1B846EABD6',1796083200000000);
CREATE TABLE payment_cases (
	id TEXT NOT NULL CONSTRAINT ck_payment_cases_id CHECK (length(id) <= 36), 
	gateway TEXT NOT NULL CONSTRAINT ck_payment_cases_gateway CHECK (length(gateway) <= 120), 
	kind TEXT NOT NULL CONSTRAINT ck_payment_cases_kind CHECK (length(kind) <= 120), 
	day TEXT NOT NULL CONSTRAINT ck_payment_cases_day CHECK (length(day) <= 10), 
	payment TEXT CONSTRAINT ck_payment_cases_payment CHECK (length(payment) <= 36), 
	application TEXT CONSTRAINT ck_payment_cases_application CHECK (length(application) <= 36), 
	poisha INTEGER, 
	currency TEXT CONSTRAINT ck_payment_cases_currency CHECK (length(currency) <= 3), 
	found_at INTEGER NOT NULL, 
	asked_at INTEGER, 
	opened_at INTEGER, 
	ended_at INTEGER, 
	result TEXT CONSTRAINT ck_payment_cases_result CHECK (length(result) <= 120), 
	officer TEXT CONSTRAINT ck_payment_cases_officer CHECK (length(officer) <= 120), 
	reason TEXT, 
	data_key BLOB, 
	sealed BLOB NOT NULL, 
	CONSTRAINT pk_payment_cases PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE payments (
	id TEXT NOT NULL CONSTRAINT ck_payments_id CHECK (length(id) <= 36), 
	application TEXT NOT NULL CONSTRAINT ck_payments_application CHECK (length(application) <= 36), 
	gateway TEXT NOT NULL CONSTRAINT ck_payments_gateway CHECK (length(gateway) <= 120), 
	stage TEXT NOT NULL CONSTRAINT ck_payments_stage CHECK (length(stage) <= 120), 
	quote TEXT NOT NULL CONSTRAINT ck_payments_quote CHECK (length(quote) <= 120), 
	state TEXT NOT NULL CONSTRAINT ck_payments_state CHECK (length(state) <= 120), 
	poisha INTEGER NOT NULL, 
	currency TEXT NOT NULL CONSTRAINT ck_payments_currency CHECK (length(currency) <= 3), 
	taken_poisha INTEGER, 
	opened_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	captured_at INTEGER, 
	captured_known_at INTEGER, 
	refund_requested_at INTEGER, 
	refund_ordered_at INTEGER, 
	refunded_at INTEGER, 
	refunded_known_at INTEGER, 
	acting TEXT CONSTRAINT ck_payments_acting CHECK (length(acting) <= 120), 
	centre TEXT CONSTRAINT ck_payments_centre CHECK (length(centre) <= 120), 
	CONSTRAINT pk_payments PRIMARY KEY (id), 
	CONSTRAINT fk_payments_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
CREATE TABLE permits (
	id TEXT NOT NULL CONSTRAINT ck_permits_id CHECK (length(id) <= 36), 
	plugin TEXT NOT NULL CONSTRAINT ck_permits_plugin CHECK (length(plugin) <= 120), 
	taken_at INTEGER NOT NULL, 
	lease_until INTEGER NOT NULL, 
	CONSTRAINT pk_permits PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE restorations (
	at INTEGER NOT NULL, 
	officer TEXT NOT NULL CONSTRAINT ck_restorations_officer CHECK (length(officer) <= 120), 
	reason TEXT NOT NULL, 
	caught_up_at INTEGER, 
	CONSTRAINT pk_restorations PRIMARY KEY (at)
)
 STRICT

;
CREATE TABLE settings_reloads (
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_settings_reloads PRIMARY KEY (number)
)
 STRICT

;
CREATE TABLE suspensions (
	kind TEXT NOT NULL CONSTRAINT ck_suspensions_kind CHECK (length(kind) <= 120), 
	name TEXT NOT NULL CONSTRAINT ck_suspensions_name CHECK (length(name) <= 120), 
	reason_en TEXT NOT NULL, 
	reason_bn TEXT NOT NULL, 
	officer TEXT NOT NULL CONSTRAINT ck_suspensions_officer CHECK (length(officer) <= 120), 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_suspensions PRIMARY KEY (kind, name)
)
 STRICT

;
CREATE TABLE workers (
	id TEXT NOT NULL CONSTRAINT ck_workers_id CHECK (length(id) <= 36), 
	name TEXT NOT NULL CONSTRAINT ck_workers_name CHECK (length(name) <= 120), 
	started_at INTEGER NOT NULL, 
	beat_at INTEGER NOT NULL, 
	lease_until INTEGER NOT NULL, 
	key_names TEXT NOT NULL, 
	kept_out TEXT, 
	settings_reload INTEGER, 
	CONSTRAINT pk_workers PRIMARY KEY (id)
)
 STRICT

;
CREATE INDEX ix_applications_lease ON applications (lease_until) WHERE lease IS NOT NULL;
CREATE INDEX ix_applications_agency_reference ON applications (plugin, agency_reference);
CREATE INDEX ix_applications_blocked ON applications (blocked, opened_at, id) WHERE blocked IS NOT NULL;
CREATE INDEX ix_applications_opened ON applications (opened_at, id);
CREATE INDEX ix_applications_due ON applications (target_plugin, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ix_applications_service ON applications (service, state, opened_at, id);
CREATE INDEX ix_applications_hold ON applications (hold_code, opened_at, id) WHERE hold_code IS NOT NULL;
CREATE INDEX ix_applications_closed ON applications (closed_at) WHERE erased_at IS NULL AND closed_at IS NOT NULL;
CREATE INDEX ix_applications_person ON applications (updated_at) WHERE closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review');
CREATE INDEX ix_payment_cases_waiting ON payment_cases (opened_at) WHERE opened_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX ix_payment_cases_payment ON payment_cases (payment);
CREATE INDEX ix_payment_cases_application ON payment_cases (application);
CREATE INDEX ix_inbox_due ON inbox (offer, due_at) WHERE handled_at IS NULL;
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_inbox_message ON inbox (offer, message);
CREATE INDEX ix_permits_plugin ON permits (plugin);
CREATE INDEX ix_agency_logins_plugin ON agency_logins (plugin, at);
CREATE INDEX ix_decisions_at ON decisions (at);
CREATE INDEX ix_ledger_subject ON ledger (subject);
CREATE INDEX ix_payments_state ON payments (gateway, state, opened_at, id);
CREATE INDEX ix_payments_captured ON payments (gateway, captured_at);
CREATE INDEX ix_payments_application ON payments (application);
CREATE INDEX ix_payments_centre ON payments (gateway, centre);
CREATE INDEX ix_payments_acting ON payments (gateway, acting);
CREATE INDEX ix_payments_to_give_back ON payments (application) WHERE state IN ('refund_requested', 'refund_pending', 'refund_manual');
CREATE INDEX ix_payments_opened ON payments (opened_at, id);
CREATE INDEX ix_checkouts_application ON checkouts (application);
CREATE INDEX ix_counter_openings_centre ON counter_openings (centre, till, number);
CREATE INDEX ix_counter_entries_session ON counter_entries (session);
COMMIT;

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
	tried_with TEXT CONSTRAINT ck_agencies_tried_with CHECK (length(tried_with) <= 64), 
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
	failed TEXT CONSTRAINT ck_agency_tokens_failed CHECK (length(failed) <= 36), 
	failure TEXT CONSTRAINT ck_agency_tokens_failure CHECK (length(failure) <= 120), 
	refused TEXT CONSTRAINT ck_agency_tokens_refused CHECK (length(refused) <= 120), 
	refusals INTEGER, 
	data_key BLOB, 
	sealed BLOB, 
	renew_at INTEGER, 
	under_way_until INTEGER, 
	held_until INTEGER, 
	refused_at INTEGER, 
	changed_at INTEGER NOT NULL, 
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
	parked_at INTEGER, 
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
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000001','office.permit','office','office 1.0','draft',NULL,'e061456d617143f2958b5cabe65dd6cd1776dbb0f5a493e94b7e097e9d723f11',NULL,'citizen','consent-absent',NULL,1796083200000000,1796083200000000,NULL,NULL,NULL,NULL,NULL,'office',NULL,1,2,X'19A86E0EBAC57DC646F158F2E32E0915C4CDFCE88F819CEBDEFFD311CF1CC33B',X'6B6570743A01715F432741BD16546AC08BC26011A8CBA4E147A494E26328B15CC21ED0DD08A8A12B18409DD81AC57B90E2F9A774A117910191A13FF7C2044594904B',X'01CD6EA83D155D95BB0C3ECF4F6AF103F7225684BDECD49123AEE99BFA97F3F27947ABB84FD3D0A629E5F09107242B9EB2EDFD4511294B3B342CC6BFA4E03DD5FA497897E59E69EC00C563F9E5A5A71A5781BFCC4FC985B1141E372B5A1744188785E2940ABD72F6482C74A3AE66439F2225CD15B521B7F0E206672B78F7647EACF1B70B476199DBE7F65207CDBFA441CC50960BBBBCA6B09C565C916FAC0DEC18957524E0F3A6436E88167BEDFF751BAB7E93ADB4B05DD66A9F5D6CCED18CE81DC1A181888C8164DA2B294FD36DA00D4C0BEB5661E375E103943B60772E6BCA34A86DA18D4387F37E6A5BE99FFB8D04AC2BC7550F8B1F47F49204B171C7E7B864171873CA18AD78BF7D0BBF2874F45071DE9E19EEEF701C09C72C66CB99A4646173CD3731B535871CCDE3A43E8DDF828E48E34388A8F7',NULL);
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000002','office.permit','office','office 1.0','closed',NULL,'4e21f06c5e22f4926f4e8ee05eca849e6905b4e75a7b1a498e77db553a983aa7',NULL,NULL,NULL,NULL,1796083200000000,1796083200000000,1796083200000000,NULL,NULL,NULL,NULL,'office',NULL,2,4,X'9C0DCB68E9C8D3E327F3DAD5FBD1317F8735CA00AD1FAF6D33A9E369AFCE63D0',X'6B6570743A0116D8E10CE0F9D647BEFC5D71D3C7C9A320FD52202A4E59BCC812F98A5CADCF4F1116A78E6DF5B6EE32888609E670F1AA0C75F34430E615997E356020',X'01B94D3FB8DD80A3FC4791BA33B6BBF11B701C87AC8BB2BF4749866B59566BD3822A96DD6C803968672533010C9C52D7280179F14063669A1AF282519BAEF7B957F63BD212457FBE1EB501BD0C230C75783CAE4C71B83443F83A57CD4504A9406DA60EE5DF99F10576AA667DE626F98A90D7A0ED48301DEA80FFBA5BB4910A0F30F54D1DC8604D4D3DDBDF747B3097C2D6B94E8B4C277258D4D373CEA98A882BBB7FE0521808E5DAB5E27A8F4A353E8DA4C55E18F9BDF73D8F9233B37B65558E02A18DCD6F26A99C0AED9D458F8CE31DC465C38DD73993878AD935EA6F57E343E71CAD1D9D7E56A9AE9DEA74FC48F10EE0C468280A77ADA4E466124BDAE444E55B3FA22107C99BBE6340ED4BAC129B16A8DD44B610',NULL);
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
	arrival TEXT NOT NULL CONSTRAINT ck_inbox_arrival CHECK (length(arrival) <= 64), 
	received_at INTEGER NOT NULL, 
	due_at INTEGER, 
	looks INTEGER NOT NULL, 
	lost_looks INTEGER NOT NULL, 
	data_key BLOB, 
	sealed BLOB NOT NULL, 
	reference TEXT CONSTRAINT ck_inbox_reference CHECK (length(reference) <= 64), 
	application TEXT CONSTRAINT ck_inbox_application CHECK (length(application) <= 36), 
	handled_at INTEGER, 
	result TEXT CONSTRAINT ck_inbox_result CHECK (length(result) <= 120), 
	proved TEXT CONSTRAINT ck_inbox_proved CHECK (length(proved) <= 64), 
	CONSTRAINT pk_inbox PRIMARY KEY (id), 
	CONSTRAINT uq_inbox_offer_proved UNIQUE (offer, proved)
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
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000001","plugin_version":"office 1.0","service":"office.permit"}',X'01F1342560E8C450E1F1E1DBCF2F2614DC16CFC91712368D936E662DBB037D80A11F49ECA75BF5EAF584E92EC11FB32BCAC9B732AC0C912543CC64FD248D8887176D6625AB6A7FF73188514419A53929247C2BDD975D6FFD742DBD5B1784350AAF4351CF5A838EC936891E1CE3D0FB906CD050B095C686C8C33A23B326AB952B5D3A86EBA7AAB6458EB0714E2634472DDCCD0B329140B515849BC0BC20FECA0236D3BF04994C52030396D4451AAED949994A64E6EB85D209A95FA8F8371F327D68B8AA50D23E78F1E9BAC2ED4BE454765ED3C572E2DBEF6D32C571DBDD0A5E9A02B51092E24587CC74005923B46AE1C4E61E',X'C4DD43B9E49DCAB23CCCC2DDC3A53282216C9043F334E2D35AD812B20FE20C0D');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01A1DCA54566A01CEA055E4E50CCF2CC201CE5702CC6C578DF65ACEA38EC59C911FC621F2DDA5EA2BA44459E8013BB72C2856D58DE2D803EF7727737C86332D68EA04181FD0B998DEEBEB211FA3FC5AFD8CC0272E9784A3F3AC731925E9D77A83F1E28491D97E4290ABB3E5DCE',X'19A86E0EBAC57DC646F158F2E32E0915C4CDFCE88F819CEBDEFFD311CF1CC33B');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000002","plugin_version":"office 1.0","service":"office.permit"}',X'016F9AFD1BAAD6BA79C88825F9E51C7687C211E23881F86C8E1B11AE771A1648C616A4207EA29F63E8B1FB124F54850E83FBBE58A6C14BDB1452CDE506BA901E01FC29B66BEBBD9DCFD030257762CA7034B8223E32D5B119AF386848E692BBA259880A89995787EEA01C81F75AEFC32A3C49800738581780BBEBA509A5108CA9D41C02AA694E26894E1707652D8459E27237C19A853EEC82A80C7A4AF7362AD89740E60C80D9E643321A36A5885AEFF742FD583B317FE1B9B63D38F69B7A76DCA5E9A64A62243065D0A9DBD245984A5AF447D4742A6253680F902AAA65D9EADBE23123577B612AAC96FC9DB37DC550ABB5DA',X'A5005F056948C9D571A6D27A46F12C812A7C5394D2C68A2706FD328ADF20300C');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01ABC2D83DE6EA5755320340B9B41641D9BC52D861FFFADF7D4BBD80EBC9ACDBB11653EFB1A2A3B794E7F130CBFD34CD4CA76CEEF39CFF71FA332244C21E96B5C5B3C582AFAB02463DF7CEDD4DDEA174604776B8C96576F71A32614610A8467E94DB892F37204C5482BA78DF49',X'1D78E4F13ED288F51112C343D812075B8CF7DC62E8BAF351D2985C61E87790A1');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',3,1796083200000000,'moved','{"actor":"citizen","at":"2026-12-01T00:00:00Z","code":"withdrawn","to":"withdrawn"}',X'012DA0383439F3C661F8409BE7ED6AAC9DFFB411F9C79C75F3A1CE3E12DDECFC0400676510C6E1471364500BFD12D662BE686745D90C77B56B77DA07A06090562459888DC17CA91E4C372E913910F2DFC917E50F6853ED0F0050948CC24F5754E579A028CBB2BFABFE71152703B996CC',X'29F44A4429F864722A91DBBE247C311CA7802A3B2594B59CC59DC60D35D5D29D');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',4,1796083200000000,'moved','{"actor":"core","at":"2026-12-01T00:00:00Z","code":"settled","to":"closed"}',X'01495D54FED48A7CF62606366DCD42B093CAB1FF4CCCCC283E7B02614C1A99444B64F0F66BB758ACF8DAA1FF9B40F66395E484F75FA4969851151512C2737B42FEEF3B49438096013F2DDD12848C71AAABCB1C6E60EEBD6D789334E261D76C268BA78EF1BB29D1DC',X'9C0DCB68E9C8D3E327F3DAD5FBD1317F8735CA00AD1FAF6D33A9E369AFCE63D0');
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
INSERT INTO "ledger" VALUES(1,1,1796083200000000,'applications','00000000-0000-4000-8000-000000000001','{"draft":"hTJaIHGjmHaKAvt92J5OlAV8cE0nAUXHJPKJNWuplfo=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"draft","gateway":null,"hold_party":"citizen","hold_code":"consent-absent","operation":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":null,"due_at":null,"target_plugin":"office","lease":null,"revision":1,"entries":2,"chain":"GahuDrrFfcZG8Vjy4y4JFcTN/OiPgZzr3v/TEc8cwzs=","blocked":null}',X'8FBC267E9778D7CED29020AF371F3C3404E0F83196CB9A925D245B0C89FCAD9C');
INSERT INTO "ledger" VALUES(1,2,1796083200000000,'applications','00000000-0000-4000-8000-000000000002','{"draft":"nBLiOQtBySJvZBuaca8lJLlgH8gkro8Zu7h97/Dj6F4=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","state":"closed","gateway":null,"hold_party":null,"hold_code":null,"operation":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":1796083200000000,"due_at":null,"target_plugin":"office","lease":null,"revision":2,"entries":4,"chain":"nA3LaOnI0+Mn89rV+9Exf4c1ygCtH69tM6njaa/OY9A=","blocked":null}',X'3B100BAE751A5A9BC6762F58F74F886A353A2B0CDD9893C4E831F57D4FD068F2');
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
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000001',X'0132B4D113D6252FB6C3C57C1ED3E286DA4833C9C5655BF4BEA65E017092F30019715D1A9755525C7747EA90505751A574028961C75DA6DFAB63B71987A20BDF78884652D57A235F16D5434BBA36BDE2592442D9E031306019F88F7C98B2EFB0DD12B92603CE2E8074C6641C83D8ADA1D360BA03234CB7B4767642B822A5AB173C07611EAC5936BEFDB5489446213E82B61FF31E813D3F8B573FE1986CF65E9BEA2270DFF0584E9B118D2F5076D57ED5907A13E941F4B327E181B517983970CF05E612C1DD25BB13169B14BFD35D7148318122596613C7A6760116E17AB56E40756B118C4A66F213141486C99454DE00DFB2D535E29EE9716C07823505B75EC4CFFBACCA06B79E1AF1DF721BEAAE9A5194B15BE10F56F787FA4A501CE706C4A44D811F008BEA1DA0D591F7C0E7E83E01D63C20FE1040B901139D774AD2611C272D52D4AFEB05F4C56B35EF22E56A54AA99E8CF1D035DFEACF65F529F0E1D2D4C76D74C5A57E9804D1D5E749973E969918E00D0F29F280CA25A43A91C20F6649E6ED56E81512F16CB4ED324487969F064F1981BF22B05A211CA1BEF8BBDE8FAE363',1796083200000000);
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000002',X'01C2AE3707CC1E2EE0139DFA3056D569E4AAD5C027C98A256F39E15F1FA052D5643486BBC32D0740F760B29C4F08FDBC62FCCDAB6BF30E797588BBB3478947E97275CED17F7539E0A6064C511D0D645F4568BD318B09A775E4345502683A8A2A1EFE3EB82730D1980AB1892B9FFE438F981F6BB6C124408A0836199044D1E18A2BA876DC3AD103B0FDDF9157A459833BFC21B8FC1F04C08607FEA7085DFACB9E4EF54CFCAF18487B17F8F9A784FE70DA204BAE21E7D166447807495B955B8EE05AEFD206A6F25C183B6E93904D4996D0DC25B8B487CB4E89EAEF82D43961BA1C7C9953924EB68436AA326A92CBB558A423B5EC60950306B4EA2203E246C42B0E7A1563DFEC2E9723AF482700FE6A934948F3A78D7A68F350AC32F49E5FF6A4F850998BD13B324B8431293881AF4E22AC50BC619ABB99EAD9215D2ADE96953B6E35D3913B418851D5C9B9FE1C1253A0DC8A7384669E8D74BA8F2B9CC641244C1F31F59C09F39BFFAB7EC4974553B83223AD3025C1359A3B4F4B1D2945E1632189B06E2B4F8A724D606BA0C5050EF981F15205E05021D0A172594EF25E61A114',1796083200000000);
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
	worker TEXT CONSTRAINT ck_permits_worker CHECK (length(worker) <= 36), 
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
CREATE INDEX ix_applications_opened ON applications (opened_at, id);
CREATE INDEX ix_applications_agency_reference ON applications (plugin, agency_reference);
CREATE INDEX ix_applications_lease ON applications (lease_until) WHERE lease IS NOT NULL;
CREATE INDEX ix_applications_due ON applications (target_plugin, due_at) WHERE due_at IS NOT NULL AND parked_at IS NULL;
CREATE INDEX ix_applications_hold ON applications (hold_code, opened_at, id) WHERE hold_code IS NOT NULL;
CREATE INDEX ix_applications_parked ON applications (service) WHERE parked_at IS NOT NULL;
CREATE INDEX ix_applications_blocked ON applications (blocked, opened_at, id) WHERE blocked IS NOT NULL;
CREATE INDEX ix_applications_closed ON applications (closed_at) WHERE erased_at IS NULL AND closed_at IS NOT NULL;
CREATE INDEX ix_applications_person ON applications (updated_at) WHERE closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review');
CREATE INDEX ix_applications_service ON applications (service, state, opened_at, id);
CREATE INDEX ix_payment_cases_application ON payment_cases (application);
CREATE INDEX ix_payment_cases_payment ON payment_cases (payment);
CREATE INDEX ix_payment_cases_waiting ON payment_cases (opened_at) WHERE opened_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX ix_inbox_arrival ON inbox (offer, arrival);
CREATE INDEX ix_inbox_due ON inbox (offer, due_at) WHERE handled_at IS NULL;
CREATE INDEX ix_inbox_reference ON inbox (reference) WHERE reference IS NOT NULL;
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_permits_plugin ON permits (plugin);
CREATE INDEX ix_agency_logins_plugin ON agency_logins (plugin, at);
CREATE INDEX ix_decisions_at ON decisions (at);
CREATE INDEX ix_ledger_subject ON ledger (subject);
CREATE INDEX ix_payments_acting ON payments (gateway, acting);
CREATE INDEX ix_payments_centre ON payments (gateway, centre);
CREATE INDEX ix_payments_state ON payments (gateway, state, opened_at, id);
CREATE INDEX ix_payments_captured ON payments (gateway, captured_at);
CREATE INDEX ix_payments_opened ON payments (opened_at, id);
CREATE INDEX ix_payments_to_give_back ON payments (application) WHERE state IN ('refund_requested', 'refund_pending', 'refund_manual');
CREATE INDEX ix_payments_application ON payments (application);
CREATE INDEX ix_checkouts_application ON checkouts (application);
CREATE INDEX ix_counter_openings_centre ON counter_openings (centre, till, number);
CREATE INDEX ix_counter_entries_session ON counter_entries (session);
COMMIT;

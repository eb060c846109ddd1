BEGIN TRANSACTION;
CREATE TABLE agencies (
	plugin TEXT NOT NULL CONSTRAINT ck_agencies_plugin CHECK (length(plugin) <= 120), 
	failures INTEGER NOT NULL, 
	violations INTEGER NOT NULL, 
	failing_since INTEGER, 
	sent_at INTEGER, 
	down_since INTEGER, 
	cause TEXT CONSTRAINT ck_agencies_cause CHECK (length(cause) <= 120), 
	probe_at INTEGER, 
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
	data_key BLOB, 
	sealed BLOB, 
	renew_at INTEGER, 
	under_way TEXT CONSTRAINT ck_agency_tokens_under_way CHECK (length(under_way) <= 36), 
	under_way_until INTEGER, 
	failed TEXT CONSTRAINT ck_agency_tokens_failed CHECK (length(failed) <= 36), 
	failure TEXT CONSTRAINT ck_agency_tokens_failure CHECK (length(failure) <= 120), 
	held_until INTEGER, 
	refused TEXT CONSTRAINT ck_agency_tokens_refused CHECK (length(refused) <= 120), 
	refusals INTEGER, 
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
	gateway TEXT CONSTRAINT ck_applications_gateway CHECK (length(gateway) <= 120), 
	client_reference TEXT NOT NULL CONSTRAINT ck_applications_client_reference CHECK (length(client_reference) <= 64), 
	agency_reference TEXT CONSTRAINT ck_applications_agency_reference CHECK (length(agency_reference) <= 64), 
	state TEXT NOT NULL CONSTRAINT ck_applications_state CHECK (length(state) <= 120), 
	hold_party TEXT CONSTRAINT ck_applications_hold_party CHECK (length(hold_party) <= 120), 
	hold_code TEXT CONSTRAINT ck_applications_hold_code CHECK (length(hold_code) <= 120), 
	opened_at INTEGER NOT NULL, 
	updated_at INTEGER NOT NULL, 
	closed_at INTEGER, 
	due_at INTEGER, 
	operation TEXT CONSTRAINT ck_applications_operation CHECK (length(operation) <= 120), 
	target_plugin TEXT NOT NULL CONSTRAINT ck_applications_target_plugin CHECK (length(target_plugin) <= 120), 
	parked_at INTEGER, 
	lease TEXT CONSTRAINT ck_applications_lease CHECK (length(lease) <= 36), 
	lease_until INTEGER, 
	revision INTEGER NOT NULL CONSTRAINT ck_applications_revision CHECK (revision < 2000000000), 
	entries INTEGER NOT NULL, 
	chain BLOB NOT NULL, 
	data_key BLOB, 
	progress BLOB NOT NULL, 
	erased_at INTEGER, 
	blocked TEXT CONSTRAINT ck_applications_blocked CHECK (length(blocked) <= 120), 
	CONSTRAINT pk_applications PRIMARY KEY (id), 
	CONSTRAINT uq_applications_client_reference UNIQUE (client_reference)
)
 STRICT

;
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000001','office.permit','office','office 1.0',NULL,'e061456d617143f2958b5cabe65dd6cd1776dbb0f5a493e94b7e097e9d723f11',NULL,'draft','citizen','consent-absent',1796083200000000,1796083200000000,NULL,NULL,NULL,'office',NULL,NULL,NULL,1,2,X'BD8C1FE504DC5BCE6A2B20331F81E18C06DE992F1893CACD2095D3AFBADF275C',X'6B6570743A0185E2483D2CE46264E25EE2B3AFE6154C9E7AB131AE6C724FC1F6BA51496393937183BCDBA9B0B72378C4E02DFF43B309C6A1305D21098BF5036D45C4',X'0115EEBD323240417D813E7291F61B8A44040083D97991CAE51C069B9B6C0DDFDBF0E8A651711D9BC40E1D292F5BE7716D7BE47B7901521DC457C6CC933AF6194303CF84504BB8C6CB6D734F846185F3653F7C69549BAF28DEA5E72352FAF1F16F28F972710B55EAD4E22D3A13F7024FEFA9C064B1654A306D0F9B382E5B82054A0794CD0FBC89262E2E5CCD8D9D1D84A9F31F51DDBA9D65422BA4EBA43780988A8D6EF1D6542D3C8E374FAE8048332C8ED23B090AC94CA0BE69583AF572CDC7007D46D95E2EE4B02F47C878E89B5A66D64B5ED200F18A3E94141D7A50B1A529BFB21FD652C76FC9E871BF2229A36EA00C851A183054F6664FEB8D975E283E43342031A51E7E44925865AF2ECF64B882C4D44A47B03444F65D65CD1F0AF444E59F803C6B50C5BC05E193FFB9BA5227557F0BB7840A32AA',NULL,NULL);
INSERT INTO "applications" VALUES('00000000-0000-4000-8000-000000000002','office.permit','office','office 1.0',NULL,'4e21f06c5e22f4926f4e8ee05eca849e6905b4e75a7b1a498e77db553a983aa7',NULL,'closed',NULL,NULL,1796083200000000,1796083200000000,1796083200000000,NULL,NULL,'office',NULL,NULL,NULL,2,4,X'CE39E7B091EE8B22C60DF17DD450035346378205BBC4B7DDD742272A96C7CBAE',X'6B6570743A0152C559BBADDB2DB36FF37BE051079148A7AB650E2F8F3634D383E75E78C0083CFD9AF85432EF3AABF165AB49C6B8137AB339CE1461CDA56A59AEDC7B',X'01826FDDBB99187C862400B80E8386DAD3D1879E6D4A92C4BAE590BC09339FDAA11898021AB13E2A04EB19F2B229594EEEB4D0BEB31512C1B362F14E7790401EA43EB6C38878C309C7EEBF02DC64CEB83F8DBD1D1CA78158B5C6F492102DEDFA4AACACF63FA50097DE0176A0D67587AEB878C158BB4AF628F0581C0E32AD1DE9EF4518924012CDCE28C7E61DCB5B3F1CAE4433620426A0EF07140D8FA3689485174BEDEBFBFF8DE4403050520DA62EAAF20F4C67419ABCE89499ACE8F28B2C8D7745FBCF2C2E216BE12A9F3E60F1C3110EE1BBFDACFC4A2EA11494D8D44E6FB5C7B34810BFEC4CF9F2A97F0727EB91C6010171881531B8D50C364E78C9C4658A982055253112758967F7DF038E24C35DA147D94360',NULL,NULL);
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
CREATE TABLE consents (
	application TEXT NOT NULL CONSTRAINT ck_consents_application CHECK (length(application) <= 36), 
	entry INTEGER NOT NULL, 
	service TEXT NOT NULL CONSTRAINT ck_consents_service CHECK (length(service) <= 120), 
	scope TEXT NOT NULL, 
	ceiling_poisha INTEGER NOT NULL, 
	currency TEXT NOT NULL CONSTRAINT ck_consents_currency CHECK (length(currency) <= 3), 
	given_at INTEGER NOT NULL, 
	expires_at INTEGER NOT NULL, 
	acting TEXT CONSTRAINT ck_consents_acting CHECK (length(acting) <= 120), 
	CONSTRAINT pk_consents PRIMARY KEY (application, entry), 
	CONSTRAINT fk_consents_application FOREIGN KEY(application) REFERENCES applications (id)
)
 STRICT

;
CREATE TABLE counter_closes (
	session VARCHAR(36) NOT NULL, 
	closed_at INTEGER NOT NULL, 
	closed_by VARCHAR(120) NOT NULL, 
	second VARCHAR(120), 
	reason TEXT, 
	taken_poisha BIGINT NOT NULL, 
	given_back_poisha BIGINT NOT NULL, 
	counted_poisha BIGINT NOT NULL, 
	pieces TEXT, 
	unknown INTEGER NOT NULL, 
	unpaid INTEGER NOT NULL, 
	by_hand INTEGER NOT NULL, 
	by_hand_poisha BIGINT NOT NULL, 
	CONSTRAINT pk_counter_closes PRIMARY KEY (session), 
	CONSTRAINT fk_counter_closes_session FOREIGN KEY(session) REFERENCES counter_openings (id)
);
CREATE TABLE counter_entries (
	id VARCHAR(64) NOT NULL, 
	session VARCHAR(36) NOT NULL, 
	payment VARCHAR(36) NOT NULL, 
	kind VARCHAR(120) NOT NULL, 
	at INTEGER NOT NULL, 
	poisha BIGINT NOT NULL, 
	late INTEGER NOT NULL, 
	ahead INTEGER NOT NULL, 
	CONSTRAINT pk_counter_entries PRIMARY KEY (id), 
	CONSTRAINT fk_counter_entries_session FOREIGN KEY(session) REFERENCES counter_closes (session)
);
CREATE TABLE counter_openings (
	id VARCHAR(36) NOT NULL, 
	till VARCHAR(120) NOT NULL, 
	centre VARCHAR(120) NOT NULL, 
	number INTEGER NOT NULL, 
	gateway VARCHAR(120) NOT NULL, 
	float_poisha BIGINT NOT NULL, 
	opened_at INTEGER NOT NULL, 
	opened_by VARCHAR(120) NOT NULL, 
	CONSTRAINT pk_counter_openings PRIMARY KEY (id), 
	CONSTRAINT uq_counter_openings_till_number UNIQUE (till, number)
);
CREATE TABLE counter_prints (
	id VARCHAR(36) NOT NULL, 
	application VARCHAR(36) NOT NULL, 
	payment VARCHAR(36) NOT NULL, 
	copy INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_counter_prints PRIMARY KEY (id), 
	CONSTRAINT uq_counter_prints_payment_copy UNIQUE (payment, copy)
);
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
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000001","plugin_version":"office 1.0","service":"office.permit"}',X'01B0E53B6EAE91195AEB0DC34CB7637885D9291B3E2CE201EC5EEDBBB46149AA9B59A41958FFF769D53A4382A75CAF750B3E76CE6A75D0E48D27883BF329EC78F46FC6D3F84163C9C0C3FB5767799531E8EAEA93CF6783DDAA7459D3C911525088AD8D432E1BCB3171E99E9F7504ACDC298157ED7560A0ED33507C0B36A9D50C92AE2A1972F5C5D58C7535851E3D3810D4DD4B025DDC2A57578B118BE5D571BF87CD6A219EF534CF0DB33F0E172EE0F2B0B4AA6396417ED9BC68EA63C4829B624EF68179F6C1D5FA62AFCC7798201B25088ACC93F6993F3E727A8ED7A03BFAD4D20D1F6934F49BD02B215BCEAC5A50D26443',X'5089DF93CBDDC02720E65EB5CFF54E3EFBA4615063F38074E0C4B0E52A03B8E2');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000001',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01CFCBF8511DE4A975E932079A934DE32A05D4C453571198FF1AFAE76FC36994F9C6A1DBB8375B2D4662EC89E2953294DA82CE0EFEEB3304012A8FF4DA819998E293F00573A025EEC871EB002EE80B04622E1CDF9E86A24BA4FFB2E3B7F7C59C5ED4F929F969CEE1BD187AF9EC',X'BD8C1FE504DC5BCE6A2B20331F81E18C06DE992F1893CACD2095D3AFBADF275C');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',1,1796083200000000,'opened','{"at":"2026-12-01T00:00:00Z","id":"00000000-0000-4000-8000-000000000002","plugin_version":"office 1.0","service":"office.permit"}',X'01B60C37E0C995F8B59EC72302418A27A66FDB72E4AF034061509B9D42C745923514D8C74719C0FF1308E341BBF615BE74918EBDABBC4E5C6081A9CE3402EB43D679A9DE4ADE613D9333AD194840DBF0A92CDD08A0D8576F1B905B487EDFB8961D908D1A3DF182660263504F0A91C64E4D5A7850A68F2503CAA622F976AC600A58D853E0BAB620A482CB1F4FD0BF066DBCF7FF49A7660C10FBB7492F20970D304AA98ED42F1D60D1144CA5E80F52E00BDCF23A6622BB93876C0CE018EB52E0F979C2A51C066D8FA647C874EDF3C6912D3F850E5148063A78F72967CF47A1F77496BD5164B61666741F9E918E164F03887112',X'67E0D169EDA00452499F762DBF884BA2D478A0CDA8E111589DFABC1C350CBEC4');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',2,1796083200000000,'held','{"at":"2026-12-01T00:00:00Z","hold":{"code":"consent-absent","party":"citizen"}}',X'01D19A0BFBFA0CD9B1DD34DB69EBE3E6169F8891E089EBB775EA96EE7C0620C38414E86F5D5C8495E60A26F30B210FFE9C39ED44DA0EAC2C23A1B9F963FF0987C737CB91B74D7271D97FDEBE5185B8D3499B1FEDD1EC6D3CCDA427F76111D1EFC6C769E0EA779308AFECA5208B',X'842286DCB85530C95C5D58F5A6F21074505AFFED5699E489521949C6E052834A');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',3,1796083200000000,'moved','{"actor":"citizen","at":"2026-12-01T00:00:00Z","code":"withdrawn","to":"withdrawn"}',X'013FC42945756D6C26E66883EA0B5AF159F2207BF10E4213C13138EE99E094DE021D532FF1F3CB3C0E9B936AC89B0311AC340A2DDB8BE2CC5024B40070F9A6C96C76BE1FF919D1ACFD81A318640AE972A451D73837BF53B561BCC370BA31B61E9C96C7E5FC7CF057C5ECF84F7F60DF6A',X'F56C05BB7620844F85F0CDADACA2FB3CA7D744CD066B5575B219C8020A79B436');
INSERT INTO "journal" VALUES('00000000-0000-4000-8000-000000000002',4,1796083200000000,'moved','{"actor":"core","at":"2026-12-01T00:00:00Z","code":"settled","to":"closed"}',X'013E30E8F5782473BD3024F89714229F34C44F57AD9BAD4FC204D285E1B63B3C9E1BB1F57A97D2877B9E5742A871A4ECB0D453195DBA07102D2B6CDBE02E31CA1576B25CC578D257DF6BBD1FC0A5327D6292669DEB23B99884CB64FA4C18CE8592561C34B807065F',X'CE39E7B091EE8B22C60DF17DD450035346378205BBC4B7DDD742272A96C7CBAE');
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
INSERT INTO "ledger" VALUES(1,1,1796083200000000,'applications','00000000-0000-4000-8000-000000000001','{"draft":"YcrgRuRombtnS1rldBnRmCzgL4u9WaPXIZapWfqzyGg=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","gateway":null,"state":"draft","hold_party":"citizen","hold_code":"consent-absent","opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":null,"due_at":null,"operation":null,"target_plugin":"office","lease":null,"revision":1,"entries":2,"chain":"vYwf5QTcW85qKyAzH4HhjAbemS8Yk8rNIJXTr7rfJ1w=","blocked":null}',X'9B47E2207602E44D834562BC7039B1ED2743525BD03F7D3D6DD4955CB0F3CFEC');
INSERT INTO "ledger" VALUES(1,2,1796083200000000,'applications','00000000-0000-4000-8000-000000000002','{"draft":"kWY2IKgQLduLGVk35FciE+kZToafB6hVNGYL/81yTjo=","service":"office.permit","plugin":"office","plugin_version":"office 1.0","gateway":null,"state":"closed","hold_party":null,"hold_code":null,"opened_at":1796083200000000,"updated_at":1796083200000000,"closed_at":1796083200000000,"due_at":null,"operation":null,"target_plugin":"office","lease":null,"revision":2,"entries":4,"chain":"zjnnsJHuiyLGDfF91FADU0Y3ggW7xLfd10InKpbHy64=","blocked":null}',X'C3AB0A0DC516304337D5C6A21D9DB2F7703C3C98AFDA22563A7B53DAC8C8A3B2');
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
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000001',X'01ABBDF36071F7F8B2F1C06F9A49AE61C683FF850DA4164221CFFEB5A70035461C868837A6B08E8C92A29B4C8B2893C1DB3FCDBA07A5A90352D0DF6D90DC6D66B67B7BBB3321089C2EAE565CEAE9FDF3F409E5D339E60012EE9907F9C8CA096A2A368D1DBF1DC0BBDC109D22721493E01F1557035F39934E6BAAAE673580A25CEDEF1F9AA18E0E04ABFA8BDCE81254F871F4259C88CE7503E932457B8D1F7092FC174BD5D30DD03CDC4907B396399D268DCDC5D8528F8F36BCEB7D3E551148FD7FC47D9A3C9D06AC8939F442B9EF174D309C4FB56E107112AB9387CBA8E42A85145ABB978EC100618E888BB93AA4BAB2EC8191AF8247F955E6CB4B8E5B34F182BE3006515F1D188F4677C8014950EBDF63FC8140D5FFAB332DFA0060F965964D0CE62247440EFF7DF239AE5E5A204E199F8FD2CD4C68463B8899537C1C2817E2D9717C97A96A674A1E5CB9EEC1089F345000121978262D74BCFF8FA1064A9F9E9E373790D091F17D1D08739E9870D91D151CED82BC41472C04EC18A2BDB50019883A9E33176AA6711CA24EB8E9E83AA54A5DE4F43A82110E0498957889E8738744',1796083200000000);
INSERT INTO "payloads" VALUES('00000000-0000-4000-8000-000000000002',X'010E0277F68095532E926677B7A8C55914FA2D4DF5EC34B1F9B4B69B5A352EDD86B411C8BADC34E07DE2C5D4DBD36D8C20317E54EC1E3A87E7D72941A6AB0C6AC71F1811E90244FB8C11186F131E0FB09AB4F1FFDA8C62A3055618BC7CD6D304F2BACC05750FEF53510FC3B5338DA1EFE3C07AA94C7D0F0635C7086BE1F5BBBCEC6B6C67A8A77C98B83FB746DF788A797F9C4FF03130A6DC9D9EB4EFC5441D7FEA207EA2AD9D9A65800ABD156996B55BEB6B276881D39D38E3A61E52C349E2B9933287839D5D153BB42217CB654CE5B86D69C26108678A337736B304FB09EE715F6C270E75AD599CD87A230CF2DB77C8AF316EF594DB0BFF748171EC0DB39EF09B10C1C3D8BC3DD660A229FCA4B09923F9A001F75089BBAB7854C735310C05CA8CC83290DF566550BDF4AB15C85D10E6F01C6EC13463AE12B0231949B10EF8F16B2B93728C7F955ECB7353DEE95900BBA86BBE616761AF37B0FD816C624E9D4FBF5497351100199F979478BBF41F55DA64A5A7E713B38154E344A7AFDE56CA0EE417977CBC20C8E417B2F2DB63B4BBCF58A54D10BC888150EE876E6768CDCA',1796083200000000);
CREATE TABLE payment_cases (
	id TEXT NOT NULL CONSTRAINT ck_payment_cases_id CHECK (length(id) <= 36), 
	gateway TEXT NOT NULL CONSTRAINT ck_payment_cases_gateway CHECK (length(gateway) <= 120), 
	day TEXT NOT NULL CONSTRAINT ck_payment_cases_day CHECK (length(day) <= 10), 
	kind TEXT NOT NULL CONSTRAINT ck_payment_cases_kind CHECK (length(kind) <= 120), 
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
	captured_at INTEGER, 
	captured_known_at INTEGER, 
	refund_requested_at INTEGER, 
	refund_ordered_at INTEGER, 
	refunded_at INTEGER, 
	refunded_known_at INTEGER, 
	updated_at INTEGER NOT NULL, 
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
CREATE TABLE quotes (
	application TEXT NOT NULL CONSTRAINT ck_quotes_application CHECK (length(application) <= 36), 
	entry INTEGER NOT NULL, 
	quote TEXT NOT NULL CONSTRAINT ck_quotes_quote CHECK (length(quote) <= 120), 
	stage TEXT NOT NULL CONSTRAINT ck_quotes_stage CHECK (length(stage) <= 120), 
	poisha INTEGER NOT NULL, 
	currency TEXT NOT NULL CONSTRAINT ck_quotes_currency CHECK (length(currency) <= 3), 
	received_at INTEGER NOT NULL, 
	expires_at INTEGER, 
	CONSTRAINT pk_quotes PRIMARY KEY (application, entry), 
	CONSTRAINT fk_quotes_application FOREIGN KEY(application) REFERENCES applications (id)
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
CREATE INDEX ix_applications_agency_reference ON applications (plugin, agency_reference);
CREATE INDEX ix_applications_hold ON applications (hold_code, opened_at, id) WHERE hold_code IS NOT NULL;
CREATE INDEX ix_applications_parked ON applications (service) WHERE parked_at IS NOT NULL;
CREATE INDEX ix_applications_lease ON applications (lease_until) WHERE lease IS NOT NULL;
CREATE INDEX ix_applications_blocked ON applications (blocked, opened_at, id) WHERE blocked IS NOT NULL;
CREATE INDEX ix_applications_service ON applications (service, state, opened_at, id);
CREATE INDEX ix_applications_closed ON applications (closed_at) WHERE erased_at IS NULL AND closed_at IS NOT NULL;
CREATE INDEX ix_applications_opened ON applications (opened_at, id);
CREATE INDEX ix_applications_due ON applications (target_plugin, due_at) WHERE due_at IS NOT NULL AND parked_at IS NULL;
CREATE INDEX ix_applications_person ON applications (updated_at) WHERE closed_at IS NULL AND (hold_party = 'person' OR blocked IS NOT NULL OR state = 'manual_review');
CREATE INDEX ix_payment_cases_waiting ON payment_cases (opened_at) WHERE opened_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX ix_payment_cases_payment ON payment_cases (payment);
CREATE INDEX ix_payment_cases_application ON payment_cases (application);
CREATE INDEX ix_inbox_due ON inbox (offer, due_at) WHERE handled_at IS NULL;
CREATE INDEX ix_inbox_received_at ON inbox (received_at);
CREATE INDEX ix_inbox_arrival ON inbox (offer, arrival);
CREATE INDEX ix_inbox_reference ON inbox (reference) WHERE reference IS NOT NULL;
CREATE INDEX ix_permits_plugin ON permits (plugin);
CREATE INDEX ix_agency_logins_plugin ON agency_logins (plugin, at);
CREATE INDEX ix_decisions_at ON decisions (at);
CREATE INDEX ix_ledger_subject ON ledger (subject);
CREATE INDEX ix_payments_captured ON payments (gateway, captured_at);
CREATE INDEX ix_payments_state ON payments (gateway, state, opened_at, id);
CREATE INDEX ix_payments_application ON payments (application);
CREATE INDEX ix_payments_opened ON payments (opened_at, id);
CREATE INDEX ix_payments_centre ON payments (gateway, centre);
CREATE INDEX ix_payments_acting ON payments (gateway, acting);
CREATE INDEX ix_payments_to_give_back ON payments (application) WHERE state IN ('refund_requested', 'refund_pending', 'refund_manual');
CREATE INDEX ix_checkouts_application ON checkouts (application);
CREATE INDEX ix_counter_openings_centre ON counter_openings (centre, till, number);
CREATE INDEX ix_counter_entries_session ON counter_entries (session);
CREATE INDEX ix_counter_entries_payment ON counter_entries (payment);
COMMIT;

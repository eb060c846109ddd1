<?php
// A merchant's shop that pays with the package sayeed/payment-by-ekpay, unchanged: it stands in for the few names of Laravel
// that the package uses, gives it the test's clock, and acts as the payer's browser.
// Arguments: the folder of the package, the amount, what the payer presses. Writes one JSON document.

namespace Sayeed\PaymentByEkpay\Http\Controllers {
    function date($form, $at = null) { return \date($form, $at ?? (int) getenv('NOW')); }
}
namespace App\Http\Controllers {
    class Controller {}
}
namespace Illuminate\Http {
    class Request {
        private $given;
        function __construct($given) { $this->given = $given; }
        function all() { return $this->given; }
        function __get($name) { return $this->given[$name] ?? null; }
    }
}
namespace Illuminate\Support\Facades {
    class Query {
        private $wanted = [];
        function where($column, $value) { $this->wanted[$column] = $value; return $this; }
        function select(...$columns) { return $this; }
        function first() { foreach (DB::$rows as $row) { if ($this->fits($row)) { return (object) $row; } } return null; }
        function update($values) { foreach (DB::$rows as &$row) { if ($this->fits($row)) { $row = array_merge($row, $values); } } }
        function updateOrInsert($values) { if ($this->first()) { $this->update($values); } else { DB::$rows[] = $values; } }
        private function fits($row) { return array_intersect_assoc($this->wanted, $row) == $this->wanted; }
    }
    class DB {
        static $rows = [];
        static function table($name) { return new Query; }
    }
}
namespace {
    date_default_timezone_set('Asia/Dhaka');
    [, $package, $amount, $act] = $argv;

    function env($name, $else = null) { $value = getenv($name); return $value === false ? $else : $value; }
    function config($key) {
        $value = ['ekpay' => require "{$GLOBALS['package']}/src/config/ekpay.php"];
        foreach (explode('.', $key) as $part) { $value = $value[$part] ?? null; }
        return $value;
    }
    function url($path) { return 'https://merchant.example/' . ltrim($path, '/'); }
    function redirect($url) { return $url; }
    function dd($refusal) { echo json_encode(['refused' => $refusal]); exit(0); }
    function browse($url, $post = null) {
        $tab = curl_init($url);
        curl_setopt_array($tab, [CURLOPT_RETURNTRANSFER => true] + ($post ? [CURLOPT_POSTFIELDS => $post] : []));
        curl_exec($tab);
        return [curl_getinfo($tab, CURLINFO_HTTP_CODE), curl_getinfo($tab, CURLINFO_REDIRECT_URL)];
    }

    require "$package/src/Http/Controllers/EkpayController.php";
    $shop = new Sayeed\PaymentByEkpay\Http\Controllers\EkpayController;
    $page = $shop->index(new Illuminate\Http\Request([
        'amount' => $amount, 'customer_name' => 'NOMUNA NAGORIK 1', 'customer_email' => 'nomuna@merchant.example',
        'customer_mobile' => '01700000000', 'order_id' => '77', 'product_name' => 'Specimen fee',
    ]));
    [$shown] = browse($page);
    [$sent, $back] = browse($page, "act=$act");
    parse_str(parse_url($back, PHP_URL_QUERY), $query);
    $end = $shop->paymentResponse(new Illuminate\Http\Request($query), basename(parse_url($back, PHP_URL_PATH)));
    parse_str(parse_url($end, PHP_URL_QUERY), $query);
    echo json_encode([
        'page' => $shown, 'back' => $sent, 'says' => json_decode(base64_decode($query['data'])),
        'order' => Illuminate\Support\Facades\DB::$rows[0],
    ]);
}
